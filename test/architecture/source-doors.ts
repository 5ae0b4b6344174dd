import * as ts from 'typescript';

/** A rule that neither an import nor a name alone can show, and where it was broken. */
export interface BrokenDoor {
  door: 'export-star' | 'cipher' | 'computed-import' | 'silenced-door';
  line: number;
  advice: string;
}

const ciphers = new Set([
  'createCipheriv',
  'createDecipheriv',
  'publicEncrypt',
  'publicDecrypt',
  'privateEncrypt',
  'privateDecrypt',
  'encapsulate',
  'decapsulate',
  'diffieHellman',
  'hkdf',
  'hkdfSync',
  'pbkdf2',
  'pbkdf2Sync',
  'scrypt',
  'scryptSync',
  'webcrypto',
  'subtle',
]);

/** What turns rules of the linter off, and which. */
const directive = /(?:oxlint|eslint)-disable(?:-next-line|-line)?(.*)/s;

/** Rules of `.oxlintrc.json` that are doors: nobody silences them beside the code. */
const doorRules = /no-restricted-(globals|properties|imports)/;

/**
 * Reads a source file as the compiler does and names each broken door.
 * @param path from the root, with `/`
 */
export function findBrokenDoors(path: string, text: string): BrokenDoor[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const broken: BrokenDoor[] = [];
  const report = (position: number, door: BrokenDoor['door'], advice: string) => {
    broken.push({ door, line: source.getLineAndCharacterOfPosition(position).line + 1, advice });
  };
  /** Then each token is looked at, for the comment before it, which takes ten times as long. */
  const mayBeSilenced = directive.test(text);
  const comments = new Set<number>();
  const visit = (node: ts.Node) => {
    if (ts.isExportDeclaration(node) && (!node.exportClause || ts.isNamespaceExport(node.exportClause))) {
      report(node.getStart(), 'export-star', 'Name what the room offers, one by one.');
    }
    if (ts.isIdentifier(node) && ciphers.has(node.text) && !path.startsWith('src/ai-studio/encryption/')) {
      report(node.getStart(), 'cipher', 'Seal and open through EncryptionService.');
    }
    if (isImportCall(node) && !node.arguments.some(ts.isStringLiteral)) {
      report(node.getStart(), 'computed-import', 'Import by a literal path: the rules see no other.');
    }
    for (const range of mayBeSilenced ? commentsBefore(text, node) : []) {
      if (comments.has(range.pos)) continue;
      comments.add(range.pos);
      if (silencesDoor(text.slice(range.pos, range.end))) {
        report(
          range.pos,
          'silenced-door',
          'Name the one rule that is meant; a door is opened in its configuration.',
        );
      }
    }
    if (mayBeSilenced) node.getChildren(source).forEach(visit);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return broken;
}

function isImportCall(node: ts.Node): node is ts.CallExpression {
  if (!ts.isCallExpression(node)) return false;
  return node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require';
}

function commentsBefore(text: string, node: ts.Node): ts.CommentRange[] {
  const start = node.getFullStart();
  return [
    ...(ts.getTrailingCommentRanges(text, start) ?? []),
    ...(ts.getLeadingCommentRanges(text, start) ?? []),
  ];
}

/** A comment that turns the linter off for a door, or for every rule. */
function silencesDoor(comment: string): boolean {
  const found = directive.exec(comment);
  if (!found) return false;
  const rules = (found[1] ?? '').split('--')[0]?.replace('*/', '').trim();
  return !rules || doorRules.test(rules);
}
