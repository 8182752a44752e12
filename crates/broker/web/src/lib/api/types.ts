// The broker's words, as generated from its OpenAPI, under short names. The only place that knows the schema's layout.
import type { components } from './schema';

type Schemas = components['schemas'];

/** Whatever is in lists. */
export interface Identified {
  id: string;
}

export type Airing = Schemas['Airing'];
export type AiringStatus = Airing['status'];
export type Alarm = Schemas['Alarm'];
export type Area = Schemas['Area'];
export type AreaPolicy = Schemas['AreaPolicy'];
export type BroadcastClass = 'normal' | 'priority' | 'emergency';
export type BreachBody = Schemas['BreachBody'];
export type Broadcast = Schemas['Broadcast'];
export type Bulletin = Schemas['Bulletin'];
export type Commissioning = Schemas['Commissioning'];
export type CheckItem = Schemas['CheckItem'];
export type NewSheet = Schemas['NewSheet'];
export type Position = Schemas['Position'];
export type Claim = Schemas['Claim'];
export type Clip = Schemas['Clip'];
export type Day = Schemas['Day'];
export type DayRun = Schemas['DayRun'];
export type Grant = Session['user']['grants'][number];
export type Heartbeat = Schemas['Heartbeat'];
export type Latch = Schemas['Latch'];
export type LogItem = Schemas['LogItem'];
export type Invitation = Schemas['Invitation'];
export type NewBulletin = Schemas['NewBulletin'];
export type NewEntry = Schemas['NewProgrammeEntry'];
export type Named = Pick<Schemas['Person'], 'id' | 'name'>;
export type NewGrant = Schemas['NewGrant'];
export type OpenSession = Schemas['OpenSession'];
export type TwoStepSecret = Schemas['TwoStepSecret'];
export type LoaNode = Schemas['Node'];
export type NodeStatus = LoaNode['status'];
export type ReleaseNode = Schemas['NodeRelease'];
export type Releases = Schemas['Releases'];
export type Role = Grant['role'];
export type RolloutMove = Schemas['Move'];
export type Permission = Session['user']['may'][number];
export type Person = Schemas['Person'];
export type PolicyBody = Schemas['PolicyBody'];
export type PolicyBreach = Schemas['PolicyBreach'];
export type Preview = Schemas['Preview'];
export type ProgrammeEntry = Schemas['ProgrammeEntry'];
export type Reading = Schemas['Reading'];
export type RunNode = Schemas['RunNode'];
export type Session = Schemas['Session'];
export type Timetable = Schemas['TimetableBody'];
export type User = Session['user'];
export type Voice = Schemas['Voice'];
export type Volume = Schemas['Volume'];
export type Warning = Schemas['WarningBody'];
export type Week = Schemas['Week'];
export type WeekAiring = Schemas['WeekAiring'];

export type Calendar = Schemas['Calendar'];
export type Figures = Schemas['Figures'];
export type InboxItem = Schemas['InboxItem'];
export type MonthReport = Schemas['MonthReport'];
export type ReportRow = Schemas['ReportRow'];
export type Source = Schemas['Source'];
