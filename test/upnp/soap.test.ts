import { describe, expect, it } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import { parseCall, parseSoapAction, writeFault, writeResponse } from '../../src/upnp/soap.ts'
import { fieldsOf } from './bench.ts'

const TYPE = 'urn:schemas-upnp-org:service:WANIPConnection:1'
const NAMED = { serviceType: TYPE, action: 'Add' }

describe('§4.2: SOAPACTION', () => {
  it.each([
    ['double quotes', `"${TYPE}#Add"`, NAMED],
    ['single quotes', `'${TYPE}#Add'`, NAMED],
    ['no quotes', `${TYPE}#Add`, NAMED],
    ['blanks around', `  "${TYPE}#Add" \t`, NAMED],
    ['blanks within', `" ${TYPE}#Add "`, NAMED],
    ['absent', undefined, undefined],
    ['empty', '', undefined],
    ['empty quotes', '""', undefined],
    ['a lone quote', '"', undefined],
    ['an opening quote', `"${TYPE}#Add`, undefined],
    ['quotes of two kinds', `"${TYPE}#Add'`, undefined],
    ['no action', `"${TYPE}"`, undefined],
    ['an empty action', `"${TYPE}#"`, undefined],
    ['two actions', `"${TYPE}#Add#Delete"`, undefined],
    ['two headers, joined', `"${TYPE}#Add", "${TYPE}#Add"`, undefined],
    ['too long', `"${TYPE}#${'A'.repeat(300)}"`, undefined],
  ])('%s', (_name, header, expected) => {
    expect(parseSoapAction(header)).toEqual(expected)
  })
})

const inBody = (action: string) => `<Envelope><Body>${action}</Body></Envelope>`

const parse = (document: string) => {
  const { args, ...rest } = parseCall(Buffer.from(document))
  return { ...rest, args: Object.fromEntries(args) }
}

describe('§4.2: envelopes', () => {
  it.each([
    ['s:', `<s:Envelope xmlns:s="e"><s:Body><u:Do xmlns:u="t"><A>1</A></u:Do></s:Body></s:Envelope>`],
    [
      'SOAP-ENV:',
      `<SOAP-ENV:Envelope><SOAP-ENV:Body><m:Do xmlns:m="t"><A>1</A></m:Do></SOAP-ENV:Body></SOAP-ENV:Envelope>`,
    ],
    ['no prefix', inBody('<Do xmlns="t"><A>1</A></Do>')],
    ['declared further out', `<s:Envelope xmlns:u="t"><s:Body><u:Do><A>1</A></u:Do></s:Body></s:Envelope>`],
    ['with a header', `<Envelope><Header><x/></Header><Body><Do xmlns="t"><A>1</A></Do></Body></Envelope>`],
    ['with blanks', `<Envelope>\n <Body>\n  <Do xmlns="t">\n <A>1</A> \n</Do></Body>\n</Envelope>`],
    ['CDATA', inBody('<Do xmlns="t"><A><![CDATA[1]]></A></Do>')],
    ['prefixed arguments', inBody('<Do xmlns="t"><u:A>1</u:A></Do>')],
  ])('%s', (_name, document) => {
    expect(parse(document)).toEqual({ serviceType: 't', action: 'Do', args: { A: '1' } })
  })

  it('needs no namespace', () => {
    expect(parse(inBody('<Do/>'))).toEqual({ serviceType: undefined, action: 'Do', args: {} })
  })

  it.each([
    ['closed', '<A/>'],
    ['empty', '<A></A>'],
    ['xsi:nil', '<A xsi:nil="true"/>'],
  ])('takes an argument that is %s as empty text', (_name, argument) => {
    expect(parse(inBody(`<Do>${argument}</Do>`)).args).toEqual({ A: '' })
  })

  it.each([
    ['nothing', ''],
    ['no XML', 'Body'],
    ['no envelope', '<Body><Do/></Body>'],
    ['another root', '<Letter><Body><Do/></Body></Letter>'],
    ['two roots', inBody('<Do/>') + inBody('<Do/>')],
    ['no body', '<Envelope/>'],
    ['an empty body', inBody('')],
    ['text for a body', inBody('Do')],
    ['two actions', inBody('<Do/><Do/>')],
    ['an argument twice', inBody('<Do><A>1</A><A>1</A></Do>')],
    ['an argument twice, prefixed', inBody('<Do><A>1</A><u:A>1</u:A></Do>')],
    ['an argument with elements', inBody('<Do><A><B/></A></Do>')],
  ])('402 for %s', (_name, document) => {
    expect(() => parse(document)).toThrow(expect.objectContaining({ code: 402 }))
    expect(() => parse(document)).toThrow(Fault)
  })
})

it('writes the out arguments in order, escaped', () => {
  const answer = writeResponse(TYPE, 'Get', { NewB: '<&>"\'', NewA: 7, NewC: '' })
  expect(answer).toContain(
    `<u:GetResponse xmlns:u="${TYPE}"><NewB>&lt;&amp;&gt;&quot;&#39;</NewB><NewA>7</NewA><NewC></NewC></u:GetResponse>`,
  )
  expect(fieldsOf(answer)).toMatchObject({ NewB: '<&>"\'', NewA: '7', NewC: '' })
})

it('writes faults as UDA 1.0 §3.2.3 has them', () => {
  const fault = writeFault(718)
  expect(fieldsOf(fault)).toMatchObject({
    faultcode: 's:Client',
    faultstring: 'UPnPError',
    errorCode: '718',
    errorDescription: 'ConflictInMappingEntry',
  })
  expect(fault).toContain('<UPnPError xmlns="urn:schemas-upnp-org:control-1-0">')
})
