import Testing

@testable import Runtime

/// Opens bytes as a GGUF file; nil if it loads, else the problem.
private func problem(_ bytes: [UInt8]) -> RuntimeProblem? {
  do {
    let file = try GGUFFile(MappedFile(content: bytes, name: "damaged.gguf"))
    // Whatever loads must also be safe to use.
    for name in file.tensorNames { _ = try? file.dequantise(name) }
    return nil
  } catch let problem as RuntimeProblem {
    return problem
  } catch {
    return RuntimeProblem("none", seen: "\(error)")
  }
}

private func sample(_ change: (inout GGUFBuilder) -> Void) -> [UInt8] {
  var builder = GGUFBuilder.sample
  change(&builder)
  return builder.bytes
}

/// Knuth's multiplicative generator (MMIX), so that a failing flip can be found again.
private struct Flips: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ (state >> 33)) &* 0x9E37_79B9_7F4A_7C15
  }
}

@Suite("Damaged GGUF files")
struct GGUFDamageTests {
  @Test("a file cut short at any byte is one problem")
  func cuts() throws {
    let whole = GGUFBuilder.sample.bytes
    #expect(problem(whole) == nil)
    for length in 0..<whole.count {
      let found = try #require(problem(Array(whole[..<length])), "cut at \(length)")
      #expect(found.code == (length == 0 ? "K202" : "K204"), "cut at \(length): \(found)")
    }
  }

  @Test("flipped bytes load or are one problem of the format", arguments: [1, 2, 3, 4] as [UInt64])
  func flips(seed: UInt64) {
    let whole = GGUFBuilder.sample.bytes
    var random = Flips(state: seed)
    var refused = 0
    for _ in 0..<4_000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let found = problem(bytes) else { continue }
      refused += 1
      #expect(["K202", "K203", "K204", "K205", "K206"].contains(found.code), "\(found)")
    }
    #expect(refused > 1_000)
  }

  @Test(
    "a header that is not ours says what it is",
    arguments: [
      (sample { $0.magic = Array("GGML".utf8) }, "K202: damaged.gguf is not a GGUF file"),
      (Array("<html>not found</html>".utf8), "K202: damaged.gguf is not a GGUF file"),
      (sample { $0.version = 1 }, "K203: damaged.gguf is of GGUF version 1;"),
      (sample { $0.version = 4 }, "K203: damaged.gguf is of GGUF version 4;"),
      (sample { $0.version = 0x0300_0000 }, "K203: damaged.gguf is a big-endian GGUF file;"),
    ])
  func header(bytes: [UInt8], message: String) {
    #expect(problem(bytes)?.description.hasPrefix(message) == true, "\(String(describing: problem(bytes)))")
  }

  @Test(
    "metadata that cannot be is named",
    arguments: [
      (
        sample { $0.entryCount = .max },
        "K204: damaged.gguf: the header counts 18,446,744,073,709,551,615 metadata entries"
      ),
      (
        sample { $0.entries.append(("a.bool", .bool(true))) },
        "K205: damaged.gguf: the metadata key 'a.bool' occurs twice"
      ),
      (
        sample { $0.entries.append(("x", .init(tag: 13, bytes: []))) },
        "K205: damaged.gguf: the value of 'x' has the unknown type 13; expected a type from 0 to 12"
      ),
      (
        sample { $0.entries.append(("x", .array([], tag: 99))) },
        "K205: damaged.gguf: the array 'x' has the unknown type 99"
      ),
      (
        sample { $0.entries.append(("x", .init(tag: 8, bytes: GGUFBuilder.little(UInt64.max)))) },
        "K204: damaged.gguf: the value of 'x' is a string of 18,446,744,073,709,551,615 bytes"
      ),
      (
        sample { $0.entries.append(("x", .array([.uint8(1)], count: 1 << 40))) },
        "K204: damaged.gguf: the array 'x' has 1,099,511,627,776 elements"
      ),
      (
        sample { $0.entries.append(("x", .array([.uint64(1)], count: 100))) },
        "K204: damaged.gguf: the array 'x' has 100 elements at byte"
      ),
      (
        sample { builder in
          let deep = (0..<5).reduce(GGUFBuilder.Value.uint8(1)) { value, _ in .array([value]) }
          builder.entries.append(("x", deep))
        }, "K205: damaged.gguf: 'x' nests arrays deeper than 4"
      ),
      (
        sample { $0.entries.append(("general.alignment", .uint32(0))) },
        "K205: damaged.gguf: general.alignment is 0; expected a power of two"
      ),
      (
        sample { $0.entries.append(("general.alignment", .uint32(48))) },
        "K205: damaged.gguf: general.alignment is 48; expected a power of two"
      ),
      (
        sample { $0.entries.append(("general.alignment", .string("32"))) },
        "K205: damaged.gguf: general.alignment is a string; expected a power of two"
      ),
    ])
  func metadata(bytes: [UInt8], message: String) {
    #expect(problem(bytes)?.description.hasPrefix(message) == true, "\(String(describing: problem(bytes)))")
  }

  @Test(
    "a tensor that cannot be is named",
    arguments: [
      (
        sample { $0.tensorCount = 1 << 60 },
        "K204: damaged.gguf: the header counts 1,152,921,504,606,846,976 tensors"
      ),
      (sample { $0.tensors[1].name = "m" }, "K205: damaged.gguf: the tensor 'm' occurs twice"),
      (
        sample { $0.tensors[1].shape = [2, 0] },
        "K205: damaged.gguf: tensor 'v' has a dimension of 0; expected a size of 1 or more"
      ),
      (
        sample { $0.tensors[1].shape = [.max] },
        "K205: damaged.gguf: tensor 'v' has a dimension of 18,446,744,073,709,551,615"
      ),
      (
        sample { $0.tensors[1].shape = [1 << 32, 1 << 32] },
        "K205: damaged.gguf: the shape 4,294,967,296 x 4,294,967,296 of tensor 'v' overflows"
      ),
      (
        sample { $0.tensors[1].shape = [1 << 61] },
        "K205: damaged.gguf: the shape 2,305,843,009,213,693,952 of tensor 'v' overflows"
      ),
      (
        sample { $0.tensors[1].shape = [1, 1, 1, 1, 2] },
        "K205: damaged.gguf: tensor 'v' has 5 dimensions; expected at most 4"
      ),
      (
        sample { $0.tensors[0].shape = [16, 4] },
        "K205: damaged.gguf: tensor 'm' has rows of 16 elements; expected a multiple of 32, the block of Q8_0"
      ),
      (
        sample {
          $0.tensors[0].shape = [128, 2]
          $0.tensors[0].type = 12
        },
        "K205: damaged.gguf: tensor 'm' has rows of 128 elements; expected a multiple of 256, the block of Q4_K"
      ),
      (
        sample { $0.tensors[0].type = 5 },
        "K206: damaged.gguf: tensor 'm' has the unknown type 5; expected F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL"
      ),
      (
        sample { $0.tensors[1].offset = 97 },
        "K205: damaged.gguf: tensor 'v' has the offset 97; expected a multiple of the alignment, 32"
      ),
      (sample { $0.tensors[1].offset = .max - 31 }, "K204: damaged.gguf: tensor 'v' ends past every possible byte"),
      (sample { $0.tensors[1].offset = 1 << 20 }, "K204: damaged.gguf: tensor 'v' ends at byte 1,049,"),
      (sample { $0.tensors[1].offset = 0 }, "K205: damaged.gguf: tensors 'm' and 'v' share bytes"),
    ])
  func directory(bytes: [UInt8], message: String) {
    #expect(problem(bytes)?.description.hasPrefix(message) == true, "\(String(describing: problem(bytes)))")
  }

  @Test("a file cut short says where it ends and inside what")
  func cutMessage() {
    let whole = GGUFBuilder.sample.bytes
    #expect(
      problem(Array(whole[..<6]))
        == RuntimeProblem(
          "K204", seen: "damaged.gguf: the file ends at byte 6, inside the version",
          suggestion: "download or convert the file again"))
    #expect(
      problem(Array(whole[..<(whole.count - 1)]))
        == RuntimeProblem(
          "K204", seen: "damaged.gguf: tensor 'v' ends at byte \(whole.count)",
          expected: "at most \(whole.count - 1), the length of the file",
          suggestion: "download or convert the file again"))
  }
}
