import { isUuid } from '@kdx/shared';

/** The endpoint that stores a team's key for a provider. */
export function keySwitch(providerId: string): string {
  return `PUT /api/v1/tokens/${providerId}`;
}

/** The endpoint that changes the address of a provider. A team's own provider has a UUID. */
export function addressSwitch(providerId: string): string {
  return `PATCH /api/v1/${isUuid(providerId) ? 'team-providers' : 'providers'}/${providerId}`;
}
