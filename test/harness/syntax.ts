// Syntax helpers: what a node is, and which nodes belong to it.

import ts from 'typescript'

/** The node and all nodes below it. */
export function within(node: ts.Node): ts.Node[] {
  const found = [node]
  ts.forEachChild(node, (child) => {
    found.push(...within(child))
  })
  return found
}

/** The nodes that contain an identifier of exactly this name. */
export function mentioning<T extends ts.Node>(nodes: readonly T[], name: string): T[] {
  return nodes.filter((node) => within(node).some((each) => isName(each) && each.text === name))
}

export function nameOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && (isName(node) || ts.isStringLiteral(node)) ? node.text : undefined
}

/** `f` or `Class.member`; undefined when the node is no function or has no body. */
export function functionName(node: ts.Node): string | undefined {
  if (ts.isFunctionDeclaration(node)) return node.body && nameOf(node.name)
  if (ts.isVariableDeclaration(node)) {
    return isFunctionValue(node.initializer) ? nameOf(node.name) : undefined
  }
  const member = memberName(node)
  if (member === undefined || !ts.isClassLike(node.parent)) return undefined
  return `${nameOf(node.parent.name) ?? ''}.${member}`
}

function memberName(node: ts.Node): string | undefined {
  if (ts.isConstructorDeclaration(node)) return node.body && 'constructor'
  if (ts.isMethodDeclaration(node) || ts.isAccessor(node)) return node.body && nameOf(node.name)
  if (!ts.isPropertyDeclaration(node)) return undefined
  return isFunctionValue(node.initializer) ? nameOf(node.name) : undefined
}

function isFunctionValue(node: ts.Node | undefined): boolean {
  return node !== undefined && (ts.isArrowFunction(node) || ts.isFunctionExpression(node))
}

/** `this.a.b()` is a call of `b` and of `a.b`. */
export function isCallOf(node: ts.Node, name: string): boolean {
  return ts.isCallExpression(node) && `.${dotted(node.expression)}`.endsWith(`.${name}`)
}

function dotted(node: ts.Expression): string {
  if (isName(node)) return node.text
  if (ts.isPropertyAccessExpression(node)) return `${dotted(node.expression)}.${node.name.text}`
  return ''
}

/** The condition of an `if`, a `?` or a loop. */
export function conditionsOf(node: ts.Node): ts.Expression[] {
  if (ts.isConditionalExpression(node)) return [node.condition]
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) {
    return [node.expression]
  }
  return ts.isForStatement(node) && node.condition !== undefined ? [node.condition] : []
}

/** The operands that `&&` and `||` join, also inside parentheses. */
export function operandsOf(node: ts.Node): ts.Node[] {
  if (!ts.isParenthesizedExpression(node) && !isLogical(node)) return []
  const parts = ts.isParenthesizedExpression(node) ? [node.expression] : [node.left, node.right]
  return parts.flatMap((part) => {
    const parted = operandsOf(part)
    return parted.length > 0 ? parted : [part]
  })
}

function isLogical(node: ts.Node): node is ts.BinaryExpression {
  const logical = [ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken]
  return ts.isBinaryExpression(node) && logical.includes(node.operatorToken.kind)
}

/** The values that this code returns; functions inside it do not count. */
export function returnedFrom(node: ts.Node): ts.Node[] {
  if (ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node)) {
    return node.initializer === undefined ? [] : returnedFrom(node.initializer)
  }
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) return [node.body]
  const found: ts.Node[] = []
  const walk = (child: ts.Node): void => {
    if (ts.isFunctionLike(child)) return
    if (!ts.isReturnStatement(child)) ts.forEachChild(child, walk)
    else if (child.expression !== undefined) found.push(child.expression)
  }
  ts.forEachChild(node, walk)
  return found
}

/** A reference stands for a value. Declarations, property names and types do not. */
export function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isShorthandPropertyAssignment(parent)) return true
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return false
  const isNameOf = 'name' in parent && parent.name === node
  return !isNameOf && !('propertyName' in parent && parent.propertyName === node)
}

function isName(node: ts.Node): node is ts.Identifier | ts.PrivateIdentifier {
  return ts.isIdentifier(node) || ts.isPrivateIdentifier(node)
}
