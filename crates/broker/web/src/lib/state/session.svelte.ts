// Who is signed in, as far as this page knows. `expired` tells a person who was signed in why they are asked again.
import { api, hooks } from '../api/client';
import { type Problem, problemFromThrown } from '../api/problem';
import type { Permission, Session, User } from '../api/types';

type Phase = 'checking' | 'signed_out' | 'signed_in' | 'unreachable';

let phase = $state<Phase>('checking');
let user = $state.raw<User | undefined>();
let expired = $state(false);
let problem = $state.raw<Problem | undefined>();

hooks.signedOut = () => {
  if (phase === 'signed_in') expired = true;
  phase = 'signed_out';
};

export const session = {
  get phase() {
    return phase;
  },
  get user() {
    return user;
  },
  /** Whether there is a place where the person may do this. The broker decides; this only spares them what it would refuse. */
  may(permission: Permission): boolean {
    return user?.may.includes(permission) ?? false;
  },
  get expired() {
    return expired;
  },
  get problem() {
    return problem;
  },
  begin(next: Session): void {
    user = next.user;
    phase = 'signed_in';
    expired = false;
    problem = undefined;
  },
  /** Asks the broker who we are. A broker out of reach is no sign-out: drafts and screens stay. */
  async check(): Promise<void> {
    try {
      session.begin(await api.session());
    } catch (thrown) {
      problem = problemFromThrown(thrown);
      if (problem.status === 401) phase = 'signed_out';
      else if (phase !== 'signed_in') phase = 'unreachable';
    }
  },
  async signOut(): Promise<void> {
    await api.signOut();
    user = undefined;
    expired = false;
    phase = 'signed_out';
  },
};
