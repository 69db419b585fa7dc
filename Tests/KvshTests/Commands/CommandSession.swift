import Foundation
import Lang
import Synchronization
import Testing

@testable import kvsh

/// A session over the real model, with a store of its own unless several share a folder.
final class CommandSession {
  let folder: TemporaryFolder
  let progress = RecordedProgress()
  let session: Session
  private let lines: Lines

  private final class Lines { var printed: [String] = [] }

  /// - Parameter hasModel: false leaves the models folder empty.
  init(_ folder: TemporaryFolder? = nil, hasModel: Bool = true, arguments: [String] = []) throws {
    let folder = try folder ?? TemporaryFolder()
    let lines = Lines()
    self.folder = folder
    self.lines = lines
    let home = folder.path + "/kvsh"
    if hasModel, !FileManager.default.fileExists(atPath: home + "/models") { try RealModel.link(into: home) }
    session = try Session(
      options: SessionOptions(
        home: home, terminal: .none, progress: progress, output: { lines.printed.append($0) }, arguments: arguments))
  }

  var home: String { folder.path + "/kvsh" }

  /// What commands printed since the last call.
  func printed() -> [String] {
    defer { lines.printed = [] }
    return lines.printed
  }

  @discardableResult
  func run(_ text: String) throws -> Value {
    session.resetInterrupt()
    do {
      return try session.interpreter.run(Source(name: "<test>", text: text))
    } catch let failure as CheckFailure {
      throw failure.problems.first ?? Problem("K000", seen: "no problem")
    }
  }

  func table(_ text: String) throws -> Table {
    let value = try run(text)
    guard case .table(let table) = value else { throw Problem("K000", seen: "\(value.type.name) out of \(text)") }
    return table
  }

  /// The problem of a text, and whether it was found before anything ran.
  func problem(_ text: String) throws -> (problem: Problem, isChecked: Bool) {
    session.resetInterrupt()
    do {
      let value = try session.interpreter.run(Source(name: "<test>", text: text))
      throw Problem("K000", seen: "no problem in \(text), which yields \(value.display)")
    } catch let failure as CheckFailure {
      return (try #require(failure.problems.first), true)
    } catch let problem as Problem where problem.code != "K000" {
      return (problem, false)
    }
  }
}

/// Remembers every report of progress: none means that no model ran.
final class RecordedProgress: ProgressDisplay {
  private let states = Mutex<[ProgressState]>([])
  private let action = Mutex<(@Sendable (ProgressState) -> Void)?>(nil)

  func update(_ state: ProgressState) {
    states.withLock { $0.append(state) }
    action.withLock { $0 }?(state)
  }

  func finish() {}

  /// Called at every report.
  func onUpdate(_ work: (@Sendable (ProgressState) -> Void)?) { action.withLock { $0 = work } }

  /// Reports since the last call.
  func taken() -> [ProgressState] {
    states.withLock { states in
      defer { states = [] }
      return states
    }
  }
}

extension Table {
  /// A column as values; empty if there is none.
  func cells(_ name: String) -> [Value] { column(name)?.values ?? [] }
  func strings(_ name: String) -> [String] { cells(name).map(\.text) }
  func ints(_ name: String) -> [Int] { cells(name).compactMap(\.asInt) }
  func doubles(_ name: String) -> [Double] { cells(name).compactMap(\.asDouble) }
  /// Shares as parts of 1.
  func shares(_ name: String) -> [Double] {
    cells(name).compactMap { if case .share(let share) = $0 { share } else { nil } }
  }

  /// What must be the same however a row came about: everything but the times and the batch.
  var results: [[Value]] {
    let columns = ["config", "sample", "prompt_tokens", "output_tokens", "finish", "text", "cache_bytes", "read_bytes"]
    return (0..<rowCount).map { row in columns.map { cell(row, $0) } }
  }
}
