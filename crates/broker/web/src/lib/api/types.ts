// The broker's words, as generated from its OpenAPI, under short names. The only place that knows the schema's layout.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Airing = Schemas['Airing'];
export type AiringStatus = Airing['status'];
export type Area = Schemas['Area'];
export type AreaPolicy = Schemas['AreaPolicy'];
export type BroadcastClass = 'normal' | 'priority' | 'emergency';
export type Broadcast = Schemas['Broadcast'];
export type Bulletin = Schemas['Bulletin'];
export type Claim = Schemas['Claim'];
export type Clip = Schemas['Clip'];
export type Heartbeat = Schemas['Heartbeat'];
export type Latch = Schemas['Latch'];
export type NewBulletin = Schemas['NewBulletin'];
export type LoaNode = Schemas['Node'];
export type NodeStatus = LoaNode['status'];
export type Person = Schemas['Person'];
export type PolicyBody = Schemas['PolicyBody'];
export type PolicyBreach = Schemas['PolicyBreach'];
export type Reading = Schemas['Reading'];
export type Session = Schemas['Session'];
export type User = Session['user'];
export type Voice = Schemas['Voice'];
export type Volume = Schemas['Volume'];
