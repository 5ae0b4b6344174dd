import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** So many in so many seconds. */
export interface Rate {
  count: number;
  seconds: number;
}

/** How often what may be done; `undefined` where there is no limit. See `docs/limits.md`. */
export interface LimitSettings {
  signIn: Rate | undefined;
  credentials: Rate | undefined;
  accounts: Rate | undefined;
  calls: Rate | undefined;
  team: Rate | undefined;
  modelCalls: Rate | undefined;
}

const origins = list(isOrigin, 'must be origins such as https://app.example.com, separated by commas');
const networks = list(isNetwork, 'must be IP addresses or networks such as 10.0.0.0/8, separated by commas');

/** The variables that say who may call, from where and how often: a part of the environment's table. */
export const accessVariables = {
  TRUSTED_PROXIES: {
    parse: networks,
    default: 'empty: no header is believed',
    meaning:
      'Addresses or networks of your reverse proxies, separated by commas. Only from these does `X-Forwarded-For` say where a call comes from.',
  },
  CORS_ORIGINS: {
    parse: origins,
    default: 'empty: CORS is off',
    meaning:
      'Origins of other sites whose pages may call with the session of their user, separated by commas: `https://app.example.com`.',
  },
  RATE_LIMIT_SIGN_IN: {
    parse: rate('10/900'),
    default: '`10/900`',
    meaning:
      'Failed sign-ins of one account from one address, as `count/seconds`, or `off`. Ten times as many of one account from everywhere, and of one address. This and the others: see `docs/limits.md`.',
  },
  RATE_LIMIT_CREDENTIALS: {
    parse: rate('100/60'),
    default: '`100/60`',
    meaning: 'Bad sessions, keys and foreign teams from one address.',
  },
  RATE_LIMIT_ACCOUNTS: {
    parse: rate('1200/60'),
    default: '`1200/60`',
    meaning: 'Calls of `/api/auth` from one address.',
  },
  RATE_LIMIT_CALLS: {
    parse: rate('1200/60'),
    default: '`1200/60`',
    meaning: 'Calls of one user or API key.',
  },
  RATE_LIMIT_TEAM: {
    parse: rate('12000/60'),
    default: '`12000/60`',
    meaning: 'Calls for one team, of everybody in it.',
  },
  RATE_LIMIT_MODEL_CALLS: {
    parse: rate('600/60'),
    default: '`600/60`',
    meaning:
      'Of these, calls that ask a provider: messages, tests of keys and models, comparisons of models.',
  },
} as const;

function rate(standard: string) {
  return z
    .string()
    .refine(
      (text) => /^(off|[1-9]\d{0,8}\/[1-9]\d{0,4})$/.test(text),
      'must be count/seconds, for example 600/60 (at most 99999 seconds), or off',
    )
    .default(standard)
    .transform((text): Rate | undefined => {
      const [count, seconds] = text.split('/').map(Number);
      return count && seconds ? { count, seconds } : undefined;
    });
}

/** What stands between commas; none of it may be wrong. */
function list(fits: (text: string) => boolean, problem: string) {
  return z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .refine((parts) => parts.every(fits), problem);
}

/** As a browser writes it: no path, no port that its scheme has anyway, no star. */
function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && !text.includes('*') && URL.parse(text)?.origin === text;
}

/** A network of all addresses is none: it would let every client choose its address. */
function isNetwork(text: string): boolean {
  const [address = '', prefix, more] = text.split('/');
  if (more !== undefined) return false;
  const isIpv4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!isIpv4 && !ipaddr.IPv6.isValid(address)) return false;
  return prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (isIpv4 ? 32 : 128));
}
