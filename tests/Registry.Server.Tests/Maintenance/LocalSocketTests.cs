using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Server.Tests.Access;
using Registry.Storage.Files;

namespace Registry.Server.Tests.Maintenance;

/// <summary>The socket in the data folder, on which a running registry answers commands of its machine.</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalSocketTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("sock");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Socket => new DataPaths(_folder.Path).Socket;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Its_caller_is_an_admin_without_a_password_and_only_for_the_API()
    {
        using var access = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => access.Configure(options, AuthenticationKind.Basic), _folder.Path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Socket));
        using var client = SocketClient.Of(Socket);
        Check.Status(200, await client.GetAnswerAsync("/api/v1/maintenance"));
        Check.Status(200, await client.GetAnswerAsync("/api/v1/repositories"));
        var job = Check.Status(202, await client.RequestAsync("POST", "/api/v1/maintenance/gc", "{}"u8.ToArray(), ("Content-Type", "application/json")));
        Assert.Equal($"$local:{await RunAsync("id", "-u")}", job.Json.GetProperty("startedBy").GetString());
        foreach (var path in new[] { "/v2/", "/", "/livez", "/readyz", "/token", "/v2/team/app/manifests/latest" })
        {
            Check.Status(404, await client.GetAnswerAsync(path));
        }

        // What a web page can send unasked changes nothing here, either.
        Check.Status(415, await client.RequestAsync("POST", "/api/v1/maintenance/gc", "{}"u8.ToArray(), ("Content-Type", "text/plain")));
        Check.Status(401, await registry.Client.GetAnswerAsync("/api/v1/maintenance"));
    }

    [Fact]
    public async Task It_is_gone_after_a_stop_and_one_of_a_killed_process_is_replaced()
    {
        await using (await TestRegistry.StartAsync(storagePath: _folder.Path))
        {
            Assert.True(File.Exists(Socket));
        }

        Assert.False(File.Exists(Socket));
        await using (var killed = await RegistryProcess.StartAsync(_folder.Path, cancellationToken: Cancellation))
        {
            Assert.True(File.Exists(Socket));
        }

        // Nobody listens, so the folder is free for the command.
        Assert.True(File.Exists(Socket));
        var stopped = await RegistryProcess.RunAsync("verify", _folder.Path, cancellationToken: Cancellation);
        Assert.True(stopped.ExitCode == 0, stopped.Output);
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        using var client = SocketClient.Of(Socket);
        Check.Status(200, await client.GetAnswerAsync("/api/v1/maintenance"));
    }

    [Fact]
    public async Task A_path_that_is_too_long_leaves_the_registry_without_it()
    {
        var folder = Path.Combine(_folder.Path, new string('x', 110));
        Directory.CreateDirectory(folder);
        await using var registry = await TestRegistry.StartAsync(storagePath: folder);
        Assert.Contains(registry.Log.Entries, entry => entry.Level == LogLevel.Warning && entry.Message.Contains("and a socket may have 107", StringComparison.Ordinal));
        Assert.False(File.Exists(new DataPaths(folder).Socket));
        var run = await RegistryProcess.RunAsync("verify", folder, cancellationToken: Cancellation);
        Assert.Equal(
            (1, $"registry: REGISTRY_STORAGE_PATH {folder} is in use by another process. If that is a registry, it is just starting or stopping, or its log says why it has no socket; an admin can ask it with --server"),
            (run.ExitCode, run.Output.TrimEnd()));
    }

    [Fact]
    public async Task Another_user_is_refused_by_its_mode_and_by_the_registry()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can run a program as another user: run the tests as root.");
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        await RunAsync("chmod", "-R", "o+rX", _folder.Path);
        var path = $"{Path.GetDirectoryName(Socket)}/registry.sock";
        string[] curl = ["--reuid=65534", "--regid=65534", "--clear-groups", "curl", "--silent", "--show-error", "--unix-socket", path, "http://localhost/api/v1/maintenance"];
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains("curl: (7) ", await RunAsync("setpriv", curl), StringComparison.Ordinal);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        Assert.Contains(
            "this socket is for root and for the user of the registry, and the user with id 65534 is neither", await RunAsync("setpriv", curl), StringComparison.Ordinal);
    }

    // Both outputs, whatever the exit code.
    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var outputs = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(Cancellation), process.StandardError.ReadToEndAsync(Cancellation));
        await process.WaitForExitAsync(Cancellation);
        return string.Concat(outputs).TrimEnd();
    }
}
