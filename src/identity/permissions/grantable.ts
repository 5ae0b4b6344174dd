import { permissions, type Permission, type RequiredRole } from './permissions';

/** A permission that an API key can have: what a member or an admin of its team may do, never the platform admin alone. */
export type GrantablePermission = {
  [P in Permission]: (typeof permissions)[P] extends 'member' | 'admin' | 'anyAdmin' ? P : never;
}[Permission];

const grantableRoles: RequiredRole[] = ['member', 'admin', 'anyAdmin'];

/** Also false for what is in no table (any more): a stored scope may be older than the table. */
export function isGrantable(name: string): name is GrantablePermission {
  return Object.entries(permissions).some(([known, role]) => known === name && grantableRoles.includes(role));
}

/** All of them, in the order of the table. */
export const grantablePermissions: readonly GrantablePermission[] =
  Object.keys(permissions).filter(isGrantable);
