import Foundation

/// OpenSSH's server on loopback, with keys of its own that go with it.
final class SecureShellServer {
  private let home: TemporaryFolder
  private let port: UInt16
  /// The server in a terminal, where it says what it does; it ends with this object.
  private let server: TerminalDriver

  private static func program(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return (path + ":/usr/sbin").split(separator: ":").map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
  }

  /// Whether this machine has a server that lets this user in; a hardened one may not.
  static let letsIn: Bool = {
    guard let home = try? TemporaryFolder(), let server = try? SecureShellServer(home),
      let probe = try? server.client("true", columns: 80)
    else { return false }
    return (try? probe.exitStatus()) == 0
  }()

  /// - Throws: `TerminalDriver.Failure` if there is no server; scripts/setup installs none, as it would go on listening.
  init(_ home: TemporaryFolder) throws {
    guard let sshd = Self.program("sshd"), let keygen = Self.program("ssh-keygen"), Self.program("ssh") != nil else {
      throw TerminalDriver.Failure(description: "there is no OpenSSH server")
    }
    self.home = home
    let environment = ProcessInfo.processInfo.environment
    for key in ["host", "user"] {
      let path = home.path + "/" + key
      let maker = try TerminalDriver(
        keygen, ["-q", "-t", "ed25519", "-N", "", "-f", path], environment: environment)
      guard try maker.exitStatus() == 0 else { throw TerminalDriver.Failure(description: maker.shown) }
    }
    port = try Self.freePort()
    let settings = try home.file(
      "sshd_config",
      """
      Port \(port)
      ListenAddress 127.0.0.1
      HostKey \(home.path)/host
      AuthorizedKeysFile \(home.path)/user.pub
      PidFile none
      StrictModes no
      UsePAM no
      PasswordAuthentication no
      PermitRootLogin prohibit-password

      """)
    // The server insists on this folder if it runs as root.
    if getuid() == 0 { mkdir("/run/sshd", 0o755) }
    server = try TerminalDriver(sshd, ["-D", "-e", "-f", settings], environment: environment, columns: 200)
    try server.expect("Server listening on 127.0.0.1")
  }

  /// A client in a terminal that runs a command on the server, in a terminal there.
  func client(_ command: String, term: String = "xterm-256color", columns: UInt16) throws -> TerminalDriver {
    var environment = ProcessInfo.processInfo.environment
    environment["TERM"] = term
    environment["SSH_AUTH_SOCK"] = nil
    return try TerminalDriver(
      Self.program("ssh") ?? "ssh",
      [
        "-tt", "-F", "/dev/null", "-p", "\(port)", "-i", home.path + "/user", "-o", "BatchMode=yes", "-o",
        "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "127.0.0.1", command,
      ], environment: environment, columns: columns)
  }

  private static func freePort() throws -> UInt16 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    #if canImport(Glibc)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    defer { close(descriptor) }
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
      }
    }
    guard isBound else { throw TerminalDriver.Failure(description: "no port: \(String(cString: strerror(errno)))") }
    return UInt16(bigEndian: address.sin_port)
  }
}
