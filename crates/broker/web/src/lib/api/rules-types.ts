// What comes from above, reports and calendar feeds, as the broker tells them.
import type { BroadcastClass } from './types';

export interface AreaName {
  code: string;
  name: string;
}
export type InboxStatus = 'waiting' | 'queued' | 'scheduled' | 'aired' | 'declined' | 'expired';
export interface InboxItem {
  id: string;
  source: string;
  reference: string;
  bulletin: {
    id: string;
    title: string;
    class: BroadcastClass;
    language: string;
    duration_s: number;
    clip: string;
    text?: string;
  };
  areas: AreaName[];
  received_at: string;
  expires_at?: string;
  status: InboxStatus;
  broadcast?: string;
  decided_at?: string;
  decided_by?: string;
  remark?: string;
  counts?: Record<string, number>;
}
export interface Source {
  id: string;
  name: string;
  area: AreaName;
}
export interface Figures {
  airings: number;
  minutes: number;
  played: number;
  partial: number;
  pre_empted: number;
  missed: number;
  refused: number;
  unreported: number;
}
export interface ReportRow extends Figures {
  hamlet: AreaName;
  class: BroadcastClass;
}
export interface MonthReport {
  month: string;
  area: AreaName;
  rows: ReportRow[];
  total: Figures;
}
export interface Calendar {
  id: string;
  area: AreaName;
  created_at: string;
  created_by: { id: string; display_name: string };
}
