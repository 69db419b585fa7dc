import Foundation
import Testing

@testable import Runtime

@Suite struct NumpyFileTests {
  private static let math = TensorMathTests.math

  /// A file as `numpy.save` writes it: header padded to 64 bytes, then the numbers.
  private func file(_ header: String, _ numbers: [UInt8], version: UInt8 = 1) throws -> String {
    var text = header
    while (10 + text.utf8.count + 1) % 64 != 0 { text += " " }
    text += "\n"
    let length = UInt16(text.utf8.count)
    let bytes = NumpyFile.magic + [version, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8) + numbers
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).npy").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private static func header(_ type: String, _ shape: String, fortran: Bool = false) -> String {
    "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
  }

  private func read(_ header: String, _ numbers: [UInt8]) throws -> Tensor {
    let path = try file(header, numbers)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try NumpyFile.read(path: path, math: Self.math)
  }

  @Test("types, orders and shapes of numpy.save are read")
  func types() throws {
    let singles = (0..<6).flatMap { GGUFBuilder.little(Float($0).bitPattern) }
    let plain = try read(Self.header("<f4", "(2, 3)"), singles)
    #expect(plain.sizes == [2, 3] && plain.numbers == [0, 1, 2, 3, 4, 5])
    let fortran = try read(Self.header("<f4", "(2, 3)", fortran: true), singles)
    #expect(fortran.sizes == [2, 3] && fortran.numbers == [0, 2, 4, 1, 3, 5])
    let doubles = (0..<2).flatMap { GGUFBuilder.little((Double($0) + 0.25).bitPattern) }
    #expect(try read(Self.header("<f8", "(2,)"), doubles).numbers == [0.25, 1.25])
    #expect(try read(Self.header("|i1", "(3,)"), [1, 255, 128]).numbers == [1, -1, -128])
    let truths = try read(Self.header("|b1", "(2,)"), [1, 0])
    #expect(truths.element == .bool && truths.isTruths && truths.numbers == [1, 0])
    let turned = try read(Self.header("|b1", "(2, 3)", fortran: true), [1, 0, 2, 0, 255, 1])
    #expect(turned.element == .bool && turned.numbers == [1, 1, 1, 0, 0, 1])
    #expect(try read(Self.header("<f2", "()"), [0, 0x3c]).numbers == [1])
  }

  @Test(
    "a damaged or foreign file is refused with what is wrong",
    arguments: [
      (NumpyFileTests.header(">f4", "(1,)"), [UInt8](repeating: 0, count: 4), "the numbers have the type >f4"),
      (NumpyFileTests.header("<c8", "(1,)"), [UInt8](repeating: 0, count: 8), "the numbers have the type <c8"),
      (NumpyFileTests.header("<f4", "(2,)"), [UInt8](repeating: 0, count: 4), "4 bytes of numbers for the shape [2]"),
      ("{'descr': '<f4'}", [], "the header is"),
    ])
  func damaged(header: String, numbers: [UInt8], seen: String) throws {
    let problem = #expect(throws: RuntimeProblem.self) { try read(header, numbers) }
    #expect(problem?.code == "K706" && problem?.seen.contains(seen) == true, "\(problem?.seen ?? "")")
  }

  @Test("every prefix of a file is refused without a trap")
  func prefixes() throws {
    let path = try file(Self.header("<f4", "(2,)"), [UInt8](repeating: 0, count: 8))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for count in 0..<whole.count {
      try whole.prefix(count).write(to: URL(fileURLWithPath: path))
      #expect(throws: RuntimeProblem.self) { try NumpyFile.read(path: path, math: Self.math) }
    }
  }
}
