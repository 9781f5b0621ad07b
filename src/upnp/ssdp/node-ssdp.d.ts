// node-ssdp 4.0.1 comes without types. Declared here is what upnp/ssdp.ts uses or replaces, and nothing else.

declare module 'node-ssdp' {
  interface ServerOptions {
    /** Given as an object, the constructor does not look for an address of this machine by itself. */
    readonly location: { readonly port: number; readonly path: string }
    readonly ssdpSig: string
    readonly udn: string
    readonly customLogger: () => void
  }

  export class Server<Sender> {
    constructor(options: ServerOptions)
    start(...args: never[]): Promise<void>
    stop(): Promise<void>
    /** Tells what `message` is, splits its headers and calls the method for its kind. */
    _parseMessage(message: string, sender: Sender): void
    /** Called for each M-SEARCH; the names in `headers` are in capitals. */
    _msearch(headers: Readonly<Record<string, string | undefined>>, message: string, sender: Sender): void
  }
}

declare module 'node-ssdp/lib/ssdpHeader.js' {
  class SsdpHeader {
    constructor(method: string, headers: Readonly<Record<string, string>>, isResponse: boolean)
    toBuffer(): Buffer
  }
  export = SsdpHeader
}
