import Foundation
import Testing

@testable import Runtime

@Suite("GGUF files")
struct GGUFFileTests {
  let file: GGUFFile

  init() throws {
    file = try GGUFFile(MappedFile(content: GGUFBuilder.sample.bytes, name: "sample.gguf"))
  }

  @Test("every metadata type is read")
  func metadata() throws {
    #expect(file.version == 3)
    #expect(try file.string("general.architecture") == "llama")
    let integers = ["a.uint8": 200, "a.int8": -3, "a.uint16": 60_000, "a.int16": -300, "a.uint32": 4_000_000_000]
    for (key, value) in integers { #expect(try file.int(key) == value) }
    #expect(try [file.int("a.int32"), file.int("a.uint64"), file.int("a.int64")] == [-7, 5, -9])
    #expect(try file.float("a.float32") == 0.25)
    #expect(try file.float("a.float64") == 1e-5)
    #expect(try file.float("a.uint8") == 200)
    #expect(try file.bool("a.bool"))
    #expect(try file.strings("a.strings") == ["x", "déjà"])
    #expect(try file.ints("a.ints") == [1, -2])
    #expect(try file.floats("a.floats") == [1.5])
    #expect(file.metadata["a.bools"] == .bools([true, false]))
    #expect(file.metadata["a.nested"] == .array([.integers([1]), .integers([2, 3])]))
    #expect(file.metadata["a.large"] == .unsigned(.max))
    #expect(try file.strings("a.empty").isEmpty)
  }

  @Test("version 2 reads as version 3 does")
  func versionTwo() throws {
    var builder = GGUFBuilder.sample
    builder.version = 2
    let second = try GGUFFile(MappedFile(content: builder.bytes, name: "two.gguf"))
    #expect(second.version == 2)
    #expect(second.metadata == file.metadata)
    #expect(second.tensors == file.tensors)
  }

  @Test("an alignment of its own moves the data")
  func alignment() throws {
    var builder = GGUFBuilder.sample
    builder.alignment = 256
    builder.entries.append(("general.alignment", .uint32(256)))
    let file = try GGUFFile(MappedFile(content: builder.bytes, name: "aligned.gguf"))
    #expect(try file.tensor("v").byteOffset % 256 == 0)
    #expect(try file.dequantise("v") == [1, -2])
  }

  @Test("a missing key has nil as its optional form and one problem as its required one")
  func missingKey() throws {
    #expect(try file.optionalInt("llama.block_count") == nil)
    #expect(
      throws: RuntimeProblem(
        "K207", seen: "sample.gguf: the metadata has no 'llama.block_count'", expected: "an integer",
        suggestion: "download or convert the file again")
    ) { try file.int("llama.block_count") }
  }

  @Test("a value of another type is a problem in both forms")
  func wrongType() throws {
    let problem = RuntimeProblem(
      "K208", seen: "sample.gguf: 'a.strings' is an array of strings", expected: "a string",
      suggestion: "download or convert the file again")
    #expect(throws: problem) { try file.string("a.strings") }
    #expect(throws: problem) { try file.optionalString("a.strings") }
    #expect(throws: RuntimeProblem.self) { try file.int("a.float32") }
    #expect(throws: RuntimeProblem.self) { try file.float("a.bool") }
    #expect(throws: RuntimeProblem.self) { try file.bool("a.uint8") }
    #expect(throws: RuntimeProblem.self) { try file.strings("a.ints") }
    #expect(throws: RuntimeProblem.self) { try file.ints("a.int8") }
    #expect(
      throws: RuntimeProblem(
        "K208", seen: "sample.gguf: 'a.large' is 18,446,744,073,709,551,615", expected: "an integer",
        suggestion: "download or convert the file again")
    ) { try file.int("a.large") }
  }

  @Test("tensors have their shape, their bytes and their floats")
  func tensors() throws {
    #expect(file.tensorNames == ["m", "v"])
    let matrix = try file.tensor("m")
    #expect(matrix.shape == [32, 2])
    #expect(matrix.elementCount == 64)
    #expect(matrix.rowElements == 32)
    #expect(matrix.rowCount == 2)
    #expect(matrix.rowBytes == 34)
    #expect(try file.tensorBytes("m").count == 68)
    #expect(try file.dequantise("m", rows: 1..<2) == (0..<32).map { Float($0) })
    #expect(try file.dequantise("v") == [1, -2])
    #expect(throws: RuntimeProblem.self) { try file.dequantise("m", rows: 1..<3) }
    #expect(
      throws: RuntimeProblem(
        "K209", seen: "sample.gguf: there is no tensor 'output.weight'",
        expected: "a model with it; the file has 2 tensors")
    ) { try file.tensorBytes("output.weight") }
  }

  @Test("a tensor of a known but unsupported type is named only when it is used")
  func unsupportedType() throws {
    var builder = GGUFBuilder.sample
    builder.tensors.append(.init(name: "k", shape: [256], type: 23, bytes: [UInt8](repeating: 0, count: 136)))
    let file = try GGUFFile(MappedFile(content: builder.bytes, name: "k.gguf"))
    #expect(try file.tensor("k").type == .iq4_XS)
    #expect(
      throws: RuntimeProblem(
        "K206", seen: "k.gguf: type IQ4_XS of tensor 'k' is not supported yet",
        expected: "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL",
        suggestion: "use a copy of the model quantised to Q4_1 or Q8_0")
    ) { try file.dequantise("k") }
  }

  @Test(
    "a path that is not a readable file is a problem that says why",
    arguments: [
      ("/nonexistent/model.gguf", "No such file or directory"), ("/", "it is a folder"),
      ("/dev/null", "it is not a regular file"),
    ])
  func unreadable(path: String, reason: String) {
    #expect(
      throws: RuntimeProblem("K201", seen: "cannot open \(path): \(reason)", suggestion: "check the path")
    ) { try GGUFFile(path: path) }
  }

  @Test("type names are ggml's")
  func typeNames() {
    #expect(GGUFType.q4_1.name == "Q4_1")
    #expect(GGUFType.iq2_XXS.name == "IQ2_XXS")
    #expect(GGUFType.bf16.name == "BF16")
    #expect(GGUFType.q6_K.blockBytes == 210)
  }
}
