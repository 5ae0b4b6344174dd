import type { AppId, TeamId, UserId } from './ids';

/** For whom something is done. Every method of `AiStudioService` takes it first; there is no ambient team. */
export interface Scope {
  teamId: TeamId;
  userId: UserId;
  /** The app that asks. Decides which instructions apply and where usage is booked. */
  appId: AppId;
}
