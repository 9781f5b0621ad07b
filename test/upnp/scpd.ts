import { XMLParser } from 'fast-xml-parser'
import { descriptors } from './bench.ts'

// Reads service descriptions the way a control point does, with a parser of its own.

export interface ScpdArgument {
  readonly name: string
  readonly direction: 'in' | 'out'
  readonly relatedStateVariable: string
}

export interface ScpdAction {
  readonly name: string
  readonly argumentList?: { readonly argument: readonly ScpdArgument[] }
}

export interface StateVariable {
  readonly name: string
  readonly dataType: string
  readonly sendEvents: 'yes' | 'no'
  readonly allowedValueList?: { readonly allowedValue: readonly string[] }
  readonly allowedValueRange?: { readonly minimum: string; readonly maximum: string }
}

interface Document {
  readonly scpd: {
    readonly actionList: { readonly action: readonly ScpdAction[] }
    readonly serviceStateTable: { readonly stateVariable: readonly StateVariable[] }
  }
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  isArray: (name) => ['action', 'argument', 'stateVariable', 'allowedValue'].includes(name),
})

export function scpd(file: string) {
  const { scpd } = parser.parse(descriptors.get(file) ?? '') as Document
  const variables = new Map(scpd.serviceStateTable.stateVariable.map((variable) => [variable.name, variable]))
  const names = scpd.serviceStateTable.stateVariable.map(({ name }) => name)
  return { actions: scpd.actionList.action, names, variables }
}

export const argumentsOf = (action: ScpdAction, direction: 'in' | 'out'): readonly ScpdArgument[] =>
  (action.argumentList?.argument ?? []).filter((argument) => argument.direction === direction)

const INTEGER_MOST: Readonly<Record<string, number>> = { ui2: 0xffff, ui4: 0xffffffff }

/** Is `value` what a control point may expect of the variable? */
export function fits(value: string, { allowedValueList, dataType }: StateVariable): boolean {
  if (allowedValueList) return allowedValueList.allowedValue.includes(value)
  if (dataType === 'boolean') return value === '0' || value === '1'
  const most = INTEGER_MOST[dataType]
  return most === undefined ? dataType === 'string' : /^\d+$/.test(value) && Number(value) <= most
}
