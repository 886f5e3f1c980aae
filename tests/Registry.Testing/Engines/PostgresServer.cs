using System.Text.RegularExpressions;
using Registry.Testing.Processes;

namespace Registry.Testing.Engines;

/// <summary>
/// PostgreSQL in a folder and on a port of its own (Debian: <c>postgresql-15</c>). It refuses to run as root, so root runs it as the user
/// <c>postgres</c>.
/// </summary>
public sealed partial class PostgresServer : IAsyncDisposable
{
    private const string User = "registry";
    private const string Database = "registry";
    private const string SystemUser = "postgres";

    private readonly TemporaryFolder _folder;
    private readonly string[] _arguments;
    private BackgroundProcess _server;

    private PostgresServer(TemporaryFolder folder, string[] arguments, BackgroundProcess server, int port)
    {
        _folder = folder;
        _arguments = arguments;
        _server = server;
        Port = port;
    }

    /// <summary>True if the programs are installed.</summary>
    public static bool IsInstalled => FindPrograms() is not null;

    /// <summary>Port on the loopback interface.</summary>
    public int Port { get; }

    /// <summary>Connection string of an empty database.</summary>
    public string ConnectionString => ConnectionStringOf(Database);

    private static string Programs => FindPrograms() ?? throw new InvalidOperationException("PostgreSQL is not installed: apt-get install postgresql-15");

    /// <summary>The first process of the server.</summary>
    public int ProcessId => _server.Id;

    /// <summary>Last lines of the log.</summary>
    public string Log => _server.Output;

    /// <summary>Starts a server with an empty database.</summary>
    /// <param name="isDurable">True to sync each commit. False for tests that kill no server, which run faster then.</param>
    /// <param name="settings">Further settings of the server, such as <c>max_connections=20</c>.</param>
    public static async Task<PostgresServer> StartAsync(bool isDurable = false, params IReadOnlyList<string> settings)
    {
        string[] fast = isDurable ? [] : ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=128MB"];
        var started = await StartAsync(
            data => RunAsAsync(
                "initdb", $"--pgdata={data}", $"--username={User}", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            [.. fast, .. settings],
            isInMemory: !isDurable);
        await started.CreateDatabaseAsync(Database);
        return started;
    }

    /// <summary>Starts a standby, which has the same databases, and follows asynchronously, as PostgreSQL does unless told otherwise.</summary>
    /// <param name="primary">Port that leads to the server to follow, such as that of a <see cref="PostgresProxy"/>.</param>
    public static Task<PostgresServer> StartStandbyAsync(int primary) => StartAsync(
        data => RunAsAsync(
            "pg_basebackup", $"--pgdata={data}", "--host=127.0.0.1", $"--port={primary}", $"--username={User}",
            "--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf", "--no-sync"),
        ["fsync=off", "full_page_writes=off"],
        isInMemory: true);

    /// <summary>Runs a statement with <c>psql</c>, and returns its rows without headings.</summary>
    /// <exception cref="InvalidOperationException">The statement failed.</exception>
    public Task<string> QueryAsync(string sql, string database = Database) => RunAsync(
        Path.Combine(Programs, "psql"),
        "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1",
        "--host=127.0.0.1", $"--port={Port}", $"--username={User}", $"--dbname={database}", $"--command={sql}");

    /// <summary>Creates an empty database.</summary>
    /// <param name="name">A name that the server does not have yet.</param>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await QueryAsync($"CREATE DATABASE {name} STRATEGY file_copy", "postgres");
        return ConnectionStringOf(name);
    }

    /// <summary>Removes a database, and ends its connections.</summary>
    public Task DropDatabaseAsync(string name) => QueryAsync($"DROP DATABASE {name} WITH (FORCE)", "postgres");

    /// <summary>Restarts the server, and waits until it accepts connections.</summary>
    /// <param name="isCrash">True to end it as a crash does, so that it recovers at the start; false to roll transactions back and close connections first.</param>
    /// <param name="pause">Time between the end and the start.</param>
    public async Task RestartAsync(bool isCrash, TimeSpan pause)
    {
        await StopAsync(isCrash ? "immediate" : "fast");
        await _server.DisposeAsync();
        await Task.Delay(pause);
        _server = StartAs("postgres", _arguments);
        await _server.WaitForLineAsync(ReadyLine, Patience.Limit);
    }

    /// <summary>Ends the server as a crash does.</summary>
    public Task CrashAsync() => StopAsync("immediate");

    /// <summary>Makes a standby the primary, and waits until it accepts changes.</summary>
    public Task PromoteAsync() => RunAsAsync("pg_ctl", "promote", "--pgdata", _folder.File("data"));

    /// <summary>Ends the server as a crash does, and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_server.HasExited)
        {
            await StopAsync("immediate");
        }

        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<PostgresServer> StartAsync(Func<string, Task> fill, IReadOnlyList<string> settings, bool isInMemory)
    {
        var folder = new TemporaryFolder("pg", isInMemory);
        var port = FreePorts.Find(1)[0];
        BackgroundProcess? server = null;
        try
        {
            var data = folder.File("data");
            if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
            {
                File.SetUnixFileMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
                await RunAsync("install", "--directory", $"--owner={SystemUser}", "--mode=700", data);
            }

            await fill(data);
            string[] own = ["listen_addresses=127.0.0.1", $"port={port}", $"unix_socket_directories={data}"];
            string[] arguments = ["-D", data, .. own.Concat(settings).SelectMany(setting => new[] { "-c", setting })];
            server = StartAs("postgres", arguments);
            await server.WaitForLineAsync(ReadyLine, Patience.Limit);
            return new PostgresServer(folder, arguments, server, port);
        }
        catch
        {
            await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
            folder.Dispose();
            throw;
        }
    }

    // Waits for the backends, too, which have sessions of their own.
    private Task<string> StopAsync(string mode) => RunAsAsync("pg_ctl", "stop", "--pgdata", _folder.File("data"), $"--mode={mode}");

    private string ConnectionStringOf(string database) => $"Host=127.0.0.1;Port={Port};Username={User};Database={database}";

    private static string? FindPrograms() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin"))
            .Where(folder => File.Exists(Path.Combine(folder, "postgres"))).Max(StringComparer.Ordinal)
        : null;

    private static Task<string> RunAsAsync(string program, params string[] arguments)
    {
        var (command, all) = As(program, arguments);
        return RunAsync(command, all);
    }

    private static BackgroundProcess StartAs(string program, string[] arguments)
    {
        var (command, all) = As(program, arguments);
        return BackgroundProcess.Start(command, all);
    }

    // A change of the user clears the signal for the death of the parent.
    private static (string Program, string[] Arguments) As(string program, string[] arguments) => Environment.IsPrivilegedProcess
        ? ("setpriv", [$"--reuid={SystemUser}", $"--regid={SystemUser}", "--clear-groups", "--pdeathsig", "TERM", "--", Path.Combine(Programs, program), .. arguments])
        : (Path.Combine(Programs, program), arguments);

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        await using var process = BackgroundProcess.Start(program, arguments);
        return await process.WaitForExitAsync(Patience.Limit) == 0
            ? process.StandardOutput
            : throw new InvalidOperationException($"{process.CommandLine}\n{process.Output}");
    }

    [GeneratedRegex("database system is ready to accept (read-only )?connections")]
    private static partial Regex ReadyLine { get; }
}
