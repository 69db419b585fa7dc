import Foundation
import Lang
import Testing

@testable import kvsh

/// Every code of the language, the runtime and the shell together.
@Suite("Problem codes") struct ProblemCatalogueTests {
  /// All Swift texts below a folder of the package, this file left out.
  private func texts(_ folder: String) -> [String] {
    let root = CommandExampleTests.package + "/" + folder
    let paths = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return paths.filter { $0.hasSuffix(".swift") && !$0.hasSuffix("ProblemCatalogueTests.swift") }.compactMap {
      try? String(contentsOfFile: root + "/" + $0, encoding: .utf8)
    }
  }

  @Test("every code has one explanation, and a test that names it")
  func everyCode() {
    let codes = ProblemCatalogue.kvsh.entries.map(\.code)
    #expect(Set(codes).count == codes.count)
    let tests = texts("Tests") + [Self.lineEditor]
    for code in codes where code != "K598" {
      #expect(tests.contains { $0.contains(code) }, "\(code) has no test")
    }
  }

  @Test("every code that a source reports is explained")
  func everySource() throws {
    let known = Set(ProblemCatalogue.kvsh.entries.map(\.code))
    for text in texts("Sources") {
      for match in text.matches(of: /"(K\d\d\d)"/) {
        #expect(known.contains(String(match.1)), "\(match.1) is not explained")
      }
    }
  }

  private static let lineEditor = """
    error K598: the line editor cannot start
      hint: `kvsh -c LINE` works without it
    """

  @Test("the line editor's problem says what works without it")
  func noLineEditor() {
    #expect(ShellProblems.noLineEditor().description == Self.lineEditor)
  }
}
