/** How far an input gets through five doors, each of which opens to one changed bit. */
export function doorsOpenedBy(input: Uint8Array): number {
  if (input[0] !== 0x60) return 0
  if (input[1] !== 0x63) return 1
  if (input[2] !== 0x65) return 2
  if (input[3] !== 0x69) return 3
  if (input[4] !== 0x71) return 4
  return 5
}
