/**
 * What the migrations made of `audit_event` and of what guards it, as `auditCatalogue` reads it. Functions by the SHA-256
 * of their body, settings and rights. A migration that changes one of them changes this list.
 */
const made: Record<string, string> = {
  'column action': "text not null from (event ->> 'action'::text)",
  'column actor_id': "text from (event #>> '{actor,id}'::text[])",
  'column at': "text not null from (event ->> 'at'::text)",
  'column event': 'jsonb not null',
  'column hash': 'bytea not null',
  'column outcome': "text not null from (event ->> 'outcome'::text)",
  'column seq': 'bigint not null',
  'column target_id': "text from (event #>> '{target,id}'::text[])",
  'column target_type': "text not null from (event #>> '{target,type}'::text[])",
  'column team_id': 'uuid not null',
  'constraint audit_event_outcome_check': "CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text])))",
  'constraint audit_event_pkey': 'PRIMARY KEY (team_id, seq)',
  'constraint audit_event_seq': "CHECK (((seq >= 1) AND (seq <= '9007199254740991'::bigint)))",
  'function append_identity_event': 'c0fde36c9541dbbbbc4d4f947ec1f5e61fe446cdf6b46cd8c7f7a7048c96aabc',
  'function link_audit_event': 'beeb0e607641940bdc36cd125375b45551bd8e5e45cbd67159175fce550e1f19',
  'policy chains': 'permissive r for ai_studio_maintenance using true',
  'policy instance_chain':
    "permissive * for ai_studio_platform using (team_id = '00000000-0000-0000-0000-000000000000'::uuid) check (team_id = '00000000-0000-0000-0000-000000000000'::uuid)",
  'policy not_the_instance':
    "restrictive * for ai_studio_app using (team_id <> '00000000-0000-0000-0000-000000000000'::uuid) check (team_id <> '00000000-0000-0000-0000-000000000000'::uuid)",
  'policy team_isolation':
    "permissive * for ai_studio_app using (team_id = ( SELECT (NULLIF(current_setting('app.team_id'::text, true), ''::text))::uuid AS \"nullif\")) check (team_id = ( SELECT (NULLIF(current_setting('app.team_id'::text, true), ''::text))::uuid AS \"nullif\"))",
  'rights of ai_studio_app': 'insert, select',
  'rights of ai_studio_maintenance on hash': 'select',
  'rights of ai_studio_maintenance on seq': 'select',
  'rights of ai_studio_maintenance on team_id': 'select',
  'rights of ai_studio_platform': 'insert, select',
  'role ai_studio_app': '',
  'role ai_studio_maintenance': '',
  'role ai_studio_platform': '',
  'row-level security': 'enabled forced',
  'trigger append':
    'CREATE TRIGGER append INSTEAD OF INSERT ON public.identity_audit_event FOR EACH ROW EXECUTE FUNCTION append_identity_event()',
  'trigger link':
    'CREATE TRIGGER link BEFORE INSERT ON public.audit_event FOR EACH ROW EXECUTE FUNCTION link_audit_event()',
};

/** Something that guards the log and is not as it was made. */
export interface BrokenGuard {
  /** `trigger link`, `column action` and the like. */
  name: string;
  /** As it is now; `undefined` where it is gone. */
  found: string | undefined;
}

/** Compares what the catalogue says with what was made. Whom an operator lets read the table is theirs to say. */
export function findBrokenGuards(facts: ReadonlyMap<string, string>): BrokenGuard[] {
  const names = new Set([...Object.keys(made), ...facts.keys()]);
  return [...names]
    .filter((name) => facts.get(name) !== made[name] && !isMoreReaders(name, facts.get(name)))
    .toSorted()
    .map((name) => ({ name, found: facts.get(name) }));
}

function isMoreReaders(name: string, found: string | undefined): boolean {
  return name.startsWith('rights of ') && !(name in made) && found === 'select';
}
