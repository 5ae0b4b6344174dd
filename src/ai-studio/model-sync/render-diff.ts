import type { CataloguePrice, FieldChange, ModelSyncDiff } from './model-sync-diff';

type Row = [sign: string, model: string, what: string];

const mostRows = 200;

/** A diff as a table for a terminal. */
export function renderDiff(diff: ModelSyncDiff): string {
  const { newModels, updatedModels, archivedModels, quarantined, affected } = diff;
  const rows: Row[] = [
    ...quarantined.map(({ model, field, reason }): Row => ['!', model, `${field}: ${reason}`]),
    ...newModels.map(({ modelKey, displayName, purpose, price }): Row => [
      '+',
      modelKey,
      `${displayName}, ${purpose}, ${show(price)}`,
    ]),
    ...updatedModels.map(({ existing, changes }): Row => [
      '~',
      existing.modelKey,
      changes.map(showChange).join('; '),
    ]),
    ...archivedModels.map(({ modelKey }): Row => ['-', modelKey, 'no longer listed: will be archived']),
  ];
  const width = Math.min(60, Math.max(5, ...rows.map(([, model]) => model.length)));
  const lines = rows
    .slice(0, mostRows)
    .map(([sign, model, what]) => `${sign} ${model.padEnd(width)}  ${what}`);
  if (rows.length > mostRows) lines.push(`… and ${rows.length - mostRows} more`);
  const counts = `${newModels.length} new, ${updatedModels.length} changed, ${archivedModels.length} to archive, ${quarantined.length} quarantined`;
  const users = affected.teams.map(({ name }) => name).join(', ');
  const text = [
    `${diff.providerId}: ${counts}`,
    ...lines,
    ...(users === '' ? [] : [`Archiving affects: ${users}`]),
    ...affected.defaults.map(({ teamId, modelRef }) => `  ${modelRef} is the default of team ${teamId}`),
    ...affected.agents.map(({ name, teamId }) => `  agent ${name} of team ${teamId} asks for one of them`),
    '',
  ].join('\n');
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (sign) => (sign === '\n' ? sign : '\ufffd')); // names are other people's: no escape sequences
}

function showChange({ field, from, to }: FieldChange): string {
  if (field === 'price')
    return `price ${show(from as CataloguePrice | null)} → ${show(to as CataloguePrice | null)}`; // computeDiff puts prices there
  return `${field} ${String(from)} → ${String(to)}`;
}

/** USD for a million input and output tokens. */
function show(price: CataloguePrice | null): string {
  if (!price) return 'price unknown';
  const usd = (rate: { nanoUsdPerMillion: number } | undefined) =>
    rate ? `$${rate.nanoUsdPerMillion / 1e9}` : '?';
  const { input, output } = price.card.rates;
  return `${usd(input?.[0])} in, ${usd(output?.[0])} out (${price.source})`;
}
