// The broker's words, as generated from its OpenAPI, under short names. The only place that knows the schema's layout.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Airing = Schemas['Airing'];
export type AiringStatus = Airing['status'];
export type Area = Schemas['Area'];
export type BroadcastClass = 'normal' | 'priority' | 'emergency';
export type Broadcast = Schemas['Broadcast'];
export type Bulletin = Schemas['Bulletin'];
export type Claim = Schemas['Claim'];
export type Clip = Schemas['Clip'];
export type NewBulletin = Schemas['NewBulletin'];
export type LoaNode = Schemas['Node'];
export type NodeStatus = LoaNode['status'];
export type Reading = Schemas['Reading'];
export type Session = Schemas['Session'];
export type User = Session['user'];
export type Voice = Schemas['Voice'];
export type Volume = Schemas['Volume'];

/** A node's report of its health (docs/protocol.md); figures that a machine doesn't have are absent. The OpenAPI leaves it open. */
export interface Heartbeat {
  at: string;
  uptime_s: number;
  cpu_temperature_c?: number;
  load?: number;
  agent_rss_kib?: number;
  memory_free_kib?: number;
  disk_free_kib?: number;
  network?: { interface: string; received_bytes: number; sent_bytes: number; signal_dbm?: number };
  volume: number;
  output_errors: number;
  receipts_waiting: number;
}
