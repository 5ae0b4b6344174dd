import type { AppId, SignInId, TeamId, UserId } from './ids';

/** For whom something is done. Every method of `AiStudioService` takes it first; there is no ambient team. */
export interface Scope {
  teamId: TeamId;
  userId: UserId;
  /** The app that asks. Decides which instructions apply and where usage is booked. */
  appId: AppId;
  /** What `userId` is, for the audit log: a person where absent. */
  actorType?: 'apiKey' | undefined;
  /**
   * By which sign-in the call came, for what takes longer than the call is checked: a reader of a stream is cut where it
   * ends. Absent for API keys and where the work begins in the server itself; nothing is stored by it.
   */
  signInId?: SignInId | undefined;
  /** The call that asks, for the audit log; absent where the work begins in the server itself. */
  request?: RequestOrigin | undefined;
}

/** Where a call came from. */
export interface RequestOrigin {
  /** As in the header `x-request-id` of the answer. */
  id: string;
  /** IP address of the other end of the connection. */
  address: string;
  /** What the caller calls it, in the header `x-request-id` of the request: theirs to choose, so proof of nothing. */
  clientId?: string | undefined;
}
