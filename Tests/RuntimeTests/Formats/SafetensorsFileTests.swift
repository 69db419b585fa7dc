import Foundation
import Testing

@testable import Runtime

private let headerText = """
  {"__metadata__":{"format":"pt"},"half":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]},\
  "brain":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},"ids":{"dtype":"I64","shape":[1],"data_offsets":[12,20]},\
  "scalar":{"dtype":"F32","shape":[],"data_offsets":[20,24]},"none":{"dtype":"U8","shape":[0,3],"data_offsets":[24,24]},\
  "codes":{"dtype":"I32","shape":[2],"data_offsets":[24,32]},"mask":{"dtype":"BOOL","shape":[2],"data_offsets":[32,34]}}
  """

private func bytes(_ header: String = headerText, length: UInt64? = nil) -> [UInt8] {
  var bytes = GGUFBuilder.little(length ?? UInt64(header.utf8.count)) + Array(header.utf8)
  for half in [0x3C00, 0xC000, 0x0001, 0x7C00] as [UInt16] { bytes += GGUFBuilder.little(half) }
  for brain in [0x3F80, 0xC040] as [UInt16] { bytes += GGUFBuilder.little(brain) }
  bytes += GGUFBuilder.little(Int64(-5)) + GGUFBuilder.little(Float(0.5).bitPattern)
  return bytes + GGUFBuilder.little(Int32(-1)) + GGUFBuilder.little(Int32(1 << 20)) + [0, 1]
}

private func problem(_ bytes: [UInt8]) -> RuntimeProblem? {
  do {
    let file = try SafetensorsFile(MappedFile(content: bytes, name: "x.safetensors"))
    for name in file.tensorNames { _ = try file.float32(name) }
    return nil
  } catch let problem as RuntimeProblem {
    return problem
  } catch {
    return RuntimeProblem("none", seen: "\(error)")
  }
}

@Suite("Safetensors files")
struct SafetensorsFileTests {
  @Test("every type becomes floats or integers")
  func types() throws {
    let file = try SafetensorsFile(MappedFile(content: bytes(), name: "x.safetensors"))
    #expect(file.tensorNames == ["half", "brain", "ids", "scalar", "none", "codes", "mask"])
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.shape("half") == [2, 2])
    #expect(try file.float32("half") == [1, -2, 0x1p-24, .infinity])
    #expect(try file.float32("brain") == [1, -3])
    #expect(try file.integers("ids") == [-5])
    #expect(try file.float32("scalar") == [0.5])
    #expect(try file.shape("scalar").isEmpty)
    #expect(try file.float32("none").isEmpty)
    #expect(try file.integers("codes") == [-1, 1 << 20])
    #expect(try file.float32("mask") == [0, 1])
    #expect(try file.tensorBytes("mask").elementsEqual([0, 1]))
    #expect(
      throws: RuntimeProblem(
        "K212", seen: "x.safetensors: there is no tensor 'k'", expected: "one of the 7 tensors of the file")
    ) { try file.float32("k") }
    #expect(
      throws: RuntimeProblem(
        "K212", seen: "x.safetensors: tensor 'half' of type F16 cannot be read as integers",
        expected: "a tensor of integers below 2^63")
    ) { try file.integers("half") }
  }

  @Test("a file cut short at any byte is one problem")
  func cuts() {
    let whole = bytes()
    #expect(problem(whole) == nil)
    for length in 0..<whole.count { #expect(problem(Array(whole[..<length]))?.code == "K211", "cut at \(length)") }
    #expect(problem(whole + [0])?.code == "K211")
  }

  @Test("any changed byte of the header loads or is one problem")
  func changes() {
    let whole = bytes()
    var refused = 0
    for index in 0..<8 + headerText.utf8.count {
      for value in [0, 0x22, 0x2C, 0x2D, 0x39, 0x5B, 0x7B, 0xFF] as [UInt8] where whole[index] != value {
        var changed = whole
        changed[index] = value
        guard let found = problem(changed) else { continue }
        refused += 1
        #expect(["K211", "K212"].contains(found.code), "\(found)")
      }
    }
    #expect(refused > 1_000)
  }

  @Test(
    "a header that cannot be is named",
    arguments: [
      (
        bytes(length: .max),
        "K211: x.safetensors: the header is said to have 18,446,744,073,709,551,615 bytes; expected at most"
      ),
      (
        bytes(String(repeating: "[", count: 100_000)),
        "K211: x.safetensors: the header is not a JSON object of tensors"
      ),
      (bytes("[]"), "K211: x.safetensors: the header is not a JSON object of tensors"),
      (
        bytes(#"{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,99]}}"#),
        "K211: x.safetensors: tensor 'a' spans bytes 0 to 99; expected a range within the 34 bytes of data"
      ),
      (
        bytes(#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,34]}}"#),
        "K211: x.safetensors: tensor 'a' of type F32 and shape [3] has 34 bytes; expected 12"
      ),
      (
        bytes(#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[8,4]}}"#),
        "K211: x.safetensors: tensor 'a' spans bytes 8 to 4"
      ),
      (
        bytes(#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#),
        "K211: x.safetensors: tensor 'a' of type F32 and shape [4611686018427387904, 4] has 0 bytes ("
      ),
      (
        bytes(#"{"a":{"dtype":"U8","shape":[30],"data_offsets":[4,34]}}"#),
        "K211: x.safetensors: tensor 'a' starts at byte 4 of the data; expected 0, where the one before ends"
      ),
      (
        bytes(#"{"a":{"dtype":"F8_E4M3","shape":[34],"data_offsets":[0,34]}}"#),
        "K212: x.safetensors: tensor 'a' has the type F8_E4M3; expected BOOL, U8,"
      ),
    ])
  func header(bytes: [UInt8], message: String) {
    #expect(problem(bytes)?.description.hasPrefix(message) == true, "\(String(describing: problem(bytes)))")
  }

  // The golden folder is too large for the repository; the tests above need no file.
  @Test(
    "every tensor of the golden files is read",
    .enabled(if: GoldenFolder.has("kv.safetensors"), "set KVSH_GOLDEN to the golden folder"),
    arguments: ["kv", "logits", "press_scores", "quant"])
  func golden(name: String) throws {
    let file = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("\(name).safetensors").path)
    #expect(file.tensors.count >= 12)
    for tensor in file.tensors.values {
      #expect(try file.float32(tensor.name).count == tensor.shape.reduce(1, *))
    }
  }

  // kv.jsonl holds the norms that the generator computed in float32 before rounding to half precision.
  @Test(
    "half-precision keys have the norms their generator measured",
    .enabled(if: GoldenFolder.has("kv.jsonl"), "set KVSH_GOLDEN to the golden folder"))
  func norms() throws {
    struct Row: Decodable {
      var id: Int
      var norms: [String: [String: Double]]
    }
    let file = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("kv.safetensors").path)
    let rows = try GoldenFolder.rows(Row.self, GoldenFolder.url.appendingPathComponent("kv.jsonl"))
    for row in rows {
      for (layer, kinds) in row.norms {
        for (kind, norm) in kinds {
          let name = "\(row.id).\(layer).\(kind)"
          let ours = try file.float32(name).reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
          #expect(abs(ours - norm) <= 1e-3 * norm, "\(name)")
        }
      }
    }
  }
}
