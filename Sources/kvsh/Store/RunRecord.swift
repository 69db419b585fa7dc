import Foundation
import Lang

/// What made the rows of one `run`: enough to write it out as a script and to tell what differs when it is run again.
struct RunRecord: Codable, Equatable {
  /// Version of kvsh, the commit that was checked out when it was built, and the digest of the program, where they can be
  /// told.
  var kvsh: String
  var commit: String?
  var program: String?
  var machine: String
  /// Name of the model in its file, the file or folder, and the SHA-256 of its bytes.
  var model: String
  var modelPath: String
  var modelDigest: String
  var precision: String
  var kernels: String
  var threads: Int
  /// The folder that relative paths were taken from.
  var folder: String
  /// `run` with every option written out: `run sharegpt n=4 max=16 ...`.
  var run: String
  /// Stages of each configuration as one would type them, without the baseline: `compress kivi bits=2`.
  var configurations: [String]
  /// Texts of the policies among them.
  var policies: [String]

  /// What a rerun on another machine or by another kvsh would differ in.
  func differences(from other: RunRecord) -> [String] {
    func changed(_ name: String, _ then: String, _ now: String) -> String? {
      then == now ? nil : "\(name) was \(then) and is \(now)"
    }
    return [
      changed("kvsh", kvsh, other.kvsh), changed("the commit", commit ?? "unknown", other.commit ?? "unknown"),
      changed("the program's digest", program ?? "unknown", other.program ?? "unknown"),
      changed("the machine", machine, other.machine),
      changed("the model's digest", modelDigest.prefix(12).description, other.modelDigest.prefix(12).description),
      changed("precision", precision, other.precision), changed("kernels", kernels, other.kernels),
      changed("threads", "\(threads)", "\(other.threads)"),
    ].compactMap { $0 }
  }

  /// The run as a script that needs nothing of the session it came from.
  func script(line id: Int64, started: Date) -> String {
    let made = ["kvsh \(kvsh)", commit.map { "commit \($0)" }, machine, "\(threads) threads"].compactMap { $0 }
    var lines = [
      "# line \(id), \(started.formatted(.iso8601)): " + made.joined(separator: ", "),
      "# model \(model), \(precision), kernels \(kernels), sha256 \(modelDigest)",
      "# paths are taken from \(folder)",
    ]
    lines += policies
    lines.append("model \(Value.string(modelPath).display) precision=\(precision)")
    switch configurations.count {
    case 0: lines.append(run)
    case 1: lines.append(configurations[0] + " | " + run)
    default:
      lines.append("let configurations = [")
      lines += configurations.map { "  (\($0))," }
      lines += ["]", "configurations | " + run]
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
