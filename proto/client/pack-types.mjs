import ts from 'typescript';

/** What a single declaration file needs at its head: `AsyncDisposable` is of a newer library than ES2022. */
const HEAD = '/// <reference lib="esnext.disposable" />\n';

/**
 * Rolls the declarations that a door exports, and all that they mention, into one file without imports.
 * @param {string} door path of the built index.d.ts
 * @returns {string} the text of the file
 * @throws {Error} where two declarations of one name meet, or one comes from outside the workspace
 */
export function rollUpTypes(door) {
  const program = ts.createProgram([door], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(door);
  const symbolOf = (node) => original(checker, checker.getSymbolAtLocation(node));
  const exported = checker
    .getExportsOfModule(checker.getSymbolAtLocation(source))
    .map((symbol) => ({ name: symbol.name, symbol: original(checker, symbol) }));
  const taken = new Map();
  const texts = [];
  const queue = exported.map(({ symbol }) => symbol);
  while (queue.length > 0) {
    const symbol = queue.shift();
    if (taken.has(symbol)) continue;
    if ([...taken.values()].includes(symbol.name)) throw new Error(`Two declarations are named ${symbol.name}; rename one.`);
    taken.set(symbol, symbol.name);
    for (const declaration of symbol.declarations ?? []) {
      const statement = statementOf(declaration);
      texts.push(textOf(statement));
      mentioned(statement, (name) => {
        const found = symbolOf(name);
        if (found && isOurs(program, found)) queue.push(found);
      });
    }
  }
  for (const { name, symbol } of exported)
    if (name !== symbol.name) throw new Error(`${symbol.name} is exported as ${name}; export it by its own name.`);
  return `${HEAD}${texts.join('\n')}\nexport { ${exported.map(({ name }) => name).join(', ')} };\n`;
}

function original(checker, symbol) {
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Top-level declarations of the workspace's own files; members, parameters and libraries come with what holds them. */
function isOurs(program, symbol) {
  return (symbol.declarations ?? []).some((declaration) => {
    const file = declaration.getSourceFile();
    const isLibrary = program.isSourceFileDefaultLibrary(file) || file.fileName.includes('/node_modules/');
    return !isLibrary && ts.isSourceFile(statementOf(declaration).parent) && declaration.parent !== undefined && isTopLevel(declaration);
  });
}

function isTopLevel(declaration) {
  return (
    ts.isSourceFile(declaration.parent) || (ts.isVariableDeclaration(declaration) && ts.isSourceFile(declaration.parent.parent.parent))
  );
}

function statementOf(declaration) {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
}

function mentioned(node, take) {
  if (ts.isImportTypeNode(node)) throw new Error(`${node.getText()} in ${node.getSourceFile().fileName}: name the type by an import.`);
  if (ts.isIdentifier(node)) take(node);
  ts.forEachChild(node, (child) => mentioned(child, take));
}

/** The statement with its comment, without `export`; a declaration file's values need `declare`. */
function textOf(statement) {
  const text = statement.getFullText().replace(/^\/\/# .*$/gm, '');
  const start = statement.getStart() - statement.getFullStart();
  const comment = text.slice(0, start);
  const body = text
    .slice(start)
    .replace(/^export\s+/, '')
    .replace(/^(?:declare\s+)?(abstract class|class|function|const|enum)/, 'declare $1');
  return `${comment.trim()}\n${body}`;
}
