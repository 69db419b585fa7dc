/// What libFuzzer calls with every input; scripts/fuzz compiles it with the language and with the host of its tests.
///
/// The first byte chooses: a text to check and run, or a file to load.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
  let complaint =
    bytes.first == UInt8(ascii: "|")
    ? Digestion.complaint(aboutTable: text) : Digestion.complaint(about: text, runs: true)
  guard complaint == nil else {
    // A crash is what the fuzzer keeps.
    fatalError(complaint ?? "")
  }
  return 0
}
