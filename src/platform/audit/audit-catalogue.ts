/**
 * What PostgreSQL's catalogue says of `audit_event` and of what guards it: one fact a row, by name. Settings are those that
 * the database, or a role that may act as the application, gives each new session.
 */
export const auditCatalogue = `
  with audited as (select 'public.audit_event'::regclass::oid as oid),
       links as (select * from (values ('link_audit_event'), ('append_identity_event')) as named(proname))
  select 'column ' || a.attname as name,
         format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end
           || case when a.attgenerated = 's' then ' from ' || pg_get_expr(d.adbin, d.adrelid) else '' end as value
    from audited join pg_attribute a on a.attrelid = audited.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  union all
  select 'constraint ' || conname, pg_get_constraintdef(c.oid) || case when convalidated then '' else ' not valid' end
    from audited join pg_constraint c on c.conrelid = audited.oid and c.contype <> 'n'
  union all
  select 'trigger ' || tgname, pg_get_triggerdef(t.oid) || case tgenabled when 'O' then '' else ', disabled' end
    from audited join pg_trigger t on not tgisinternal and (t.tgrelid = audited.oid or t.tgfoid in (
      select p.oid from pg_proc p join links using (proname)))
  union all
  select 'function ' || proname,
         encode(sha256(convert_to(prosrc || coalesce(array_to_string(proconfig, ';'), '') || prosecdef, 'UTF8')), 'hex')
    from pg_proc join links using (proname) where pronamespace = 'public'::regnamespace
  union all
  select 'rule ' || rulename, pg_get_ruledef(r.oid)
    from audited join pg_rewrite r on r.ev_class = audited.oid
  union all
  select 'policy ' || polname,
         concat_ws(' ', case when polpermissive then 'permissive' else 'restrictive' end, polcmd,
           'for ' || (select string_agg(rolname, ',' order by rolname) from pg_roles where oid = any(polroles)),
           'using ' || pg_get_expr(polqual, polrelid), 'check ' || pg_get_expr(polwithcheck, polrelid))
    from audited join pg_policy p on p.polrelid = audited.oid
  union all
  select 'row-level security', concat_ws(' ', case when relrowsecurity then 'enabled' end, case when relforcerowsecurity then 'forced' end)
    from audited join pg_class using (oid)
  union all
  select 'rights of ' || coalesce(r.rolname, 'everybody'), string_agg(lower(acl.privilege_type), ', ' order by acl.privilege_type)
    from audited join pg_class c using (oid), aclexplode(c.relacl) acl left join pg_roles r on r.oid = acl.grantee
   where acl.grantee <> c.relowner group by r.rolname
  union all
  select 'rights of ' || coalesce(r.rolname, 'everybody') || ' on ' || a.attname, string_agg(lower(acl.privilege_type), ', ' order by acl.privilege_type)
    from audited join pg_class c using (oid) join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) acl
    left join pg_roles r on r.oid = acl.grantee
   where acl.grantee <> c.relowner group by r.rolname, a.attname
  union all
  select 'role ' || rolname, concat_ws(', ', case when rolsuper then 'superuser' end, case when rolbypassrls then 'passes row-level security by' end,
           case when c.relowner = r.oid then 'owns the table' end)
    from audited join pg_class c using (oid), pg_roles r where rolname ~ '^ai_studio_(app|platform|maintenance)$'
  union all
  select 'child ' || inhrelid::regclass, 'inherits' from audited join pg_inherits on inhparent = audited.oid
  union all
  select 'parent ' || inhparent::regclass, 'inherited' from audited join pg_inherits on inhrelid = audited.oid
  union all
  select concat_ws(' ', 'setting', split_part(setting, '=', 1), 'of', coalesce(rolname, 'the database')), substr(setting, strpos(setting, '=') + 1)
    from pg_db_role_setting left join pg_roles r on r.oid = setrole, unnest(setconfig) setting
   where setdatabase in (0, (select oid from pg_database where datname = current_database()))
     and (setrole = 0 or pg_has_role(setrole, 'ai_studio_app', 'member'))
     and split_part(setting, '=', 1) in ('search_path', 'session_replication_role', 'row_security', 'role')
   order by 1`;
