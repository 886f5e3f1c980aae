using System.Net;
using System.Net.Sockets;

namespace Registry.Server.Tests.Hosting;

/// <summary>The program from an operator's view: its output, its exit codes, and the faults that prevent its start.</summary>
public sealed class StartupTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Says_where_it_listens_where_it_stores_and_that_everybody_may_do_everything()
    {
        await using var registry = await RegistryProcess.StartAsync(_folder.Path);
        await Eventually.HoldsAsync(() => Task.FromResult(registry.Output.Contains("docker push", StringComparison.Ordinal)), "the banner is printed");

        Assert.Contains($"listening on http://127.0.0.1:{registry.BaseAddress.Port}", registry.Output, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, registry.Output, StringComparison.Ordinal);
        Assert.Contains("authentication  none", registry.Output, StringComparison.Ordinal);
        Assert.Contains($"docker push localhost:{registry.BaseAddress.Port}/myimage:latest", registry.Output, StringComparison.Ordinal);
        Assert.Equal(0, await registry.StopAsync());
        Assert.Contains("Stopped.", registry.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_the_external_URL_when_there_is_one()
    {
        await using var registry = await RegistryProcess.StartAsync(
            _folder.Path, new Dictionary<string, string?> { ["REGISTRY_EXTERNAL_URL"] = "https://registry.example.com" });
        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Output.Contains("docker push registry.example.com/myimage:latest", StringComparison.Ordinal)), "the banner is printed");
    }

    [Fact]
    public async Task Creates_its_folder()
    {
        var path = Path.Combine(_folder.Path, "a", "b");

        await using var registry = await RegistryProcess.StartAsync(path);

        Assert.Equal(["blobs", "repositories", "uploads"], Directory.EnumerateDirectories(path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_with_what_to_set()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await AssertEndsAsync(
            1,
            ("REGISTRY_PORT", $"{port}"),
            $"registry: cannot listen on 127.0.0.1:{port}: ",
            "Set REGISTRY_HOST and REGISTRY_PORT to a free address.");
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
    }

    [Fact]
    public async Task An_address_that_is_not_ours_is_said_with_what_to_set() => await AssertEndsAsync(
        1, ("REGISTRY_HOST", "192.0.2.1"), "registry: cannot listen on 192.0.2.1:0: ", "Set REGISTRY_HOST and REGISTRY_PORT to a free address.");

    [Fact]
    public async Task A_folder_that_another_process_uses_is_refused()
    {
        await using var other = await TestRegistry.StartAsync(storagePath: _folder.Path);

        await AssertEndsAsync(1, null, $"registry: REGISTRY_STORAGE_PATH {_folder.Path} is in use by another process");

        Check.Status(200, await other.Client.GetAnswerAsync("/v2/_catalog"));
    }

    [Fact]
    public async Task A_folder_of_something_else_is_refused_and_left_alone()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "thesis.txt"), "x");

        await AssertEndsAsync(1, null, $"registry: REGISTRY_STORAGE_PATH {_folder.Path} is not empty and does not hold a registry (it holds 'thesis.txt')");

        Assert.Equal(["thesis.txt"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task The_parent_of_a_distribution_folder_is_refused_with_the_folder_to_set()
    {
        var inner = Path.Combine(_folder.Path, "docker", "registry", "v2");
        Directory.CreateDirectory(inner);

        await AssertEndsAsync(1, null, $"registry: REGISTRY_STORAGE_PATH {_folder.Path} holds the storage of another registry one level down; set it to {inner}");

        Assert.Equal(["docker"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_file_in_the_place_of_the_folder_is_refused()
    {
        var file = Path.Combine(_folder.Path, "file");
        await File.WriteAllTextAsync(file, "x");

        await AssertEndsAsync(1, ("REGISTRY_STORAGE_PATH", file), $"registry: REGISTRY_STORAGE_PATH {file} is a file; choose a folder");
    }

    [Fact]
    public async Task What_keeps_a_new_folder_from_being_made_is_named()
    {
        var file = Path.Combine(_folder.Path, "file");
        await File.WriteAllTextAsync(file, "x");
        var inside = Path.Combine(file, "a", "b");
        await AssertEndsAsync(1, ("REGISTRY_STORAGE_PATH", inside), $"registry: REGISTRY_STORAGE_PATH {inside} cannot be used: {file} is a file, not a folder");

        // Of another user than root, the owner of /proc is the fault.
        if (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess)
        {
            await AssertEndsAsync(
                1,
                ("REGISTRY_STORAGE_PATH", "/proc/registry/data"),
                "registry: REGISTRY_STORAGE_PATH /proc/registry/data cannot be used: the file system refuses to create the folder /proc/registry");
        }
    }

    [Fact]
    public async Task Every_faulty_setting_is_said_and_nothing_is_touched()
    {
        var path = Path.Combine(_folder.Path, "data");
        var (exitCode, output) = await RegistryProcess.RunAsync(
            "serve", path, new Dictionary<string, string?> { ["REGISTRY_PORT"] = "x", ["REGISTRY_AUTH_TYPE"] = "basic", ["REGISTRY_PROT"] = "1", ["REGISTRY_HTTP_ADDR"] = ":5000" });

        Assert.Equal(2, exitCode);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.All(lines, line => Assert.StartsWith("registry: ", line, StringComparison.Ordinal));
        Assert.StartsWith("registry: warning: REGISTRY_HTTP_ADDR is ignored", lines[0], StringComparison.Ordinal);
        Assert.False(Directory.Exists(path));
    }

    [Theory]
    [InlineData("--help", 0, "Usage: registry [COMMAND]")]
    [InlineData("-h", 0, "Usage: registry [COMMAND]")]
    [InlineData("--version", 0, ".")]
    [InlineData("dance", 2, "there is no command 'dance'")]
    [InlineData("--serve", 2, "there is no option '--serve'")]
    public async Task Commands_that_do_not_serve_end_at_once(string command, int exitCode, string text)
    {
        var ended = await RegistryProcess.RunAsync(command, _folder.Path);

        Assert.Equal(exitCode, ended.ExitCode);
        Assert.Contains(text, ended.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Stopping_finishes_a_request_in_flight()
    {
        await using var registry = await RegistryProcess.StartAsync(_folder.Path);
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        var location = await client.BeginUploadAsync("stopping");
        const int Sent = 1024 * 1024;
        using var socket = new TcpClient();
        await socket.ConnectAsync(registry.BaseAddress.Host, registry.BaseAddress.Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"PATCH {location} HTTP/1.1\r\nHost: registry\r\nContent-Length: {Sent + 2}\r\n\r\n"));
        await stream.WriteAsync(new byte[Sent]);
        await Eventually.HoldsAsync(
            async () => (await client.GetAnswerAsync(location))["Range"] != "0-0", "the server has written some of the body");

        var stopped = registry.StopAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(registry.Output.Contains("Stopping", StringComparison.Ordinal)), "it is stopping");
        await stream.WriteAsync("cd"u8.ToArray());
        using var reader = new StreamReader(stream);

        Assert.Equal("HTTP/1.1 202 Accepted", await reader.ReadLineAsync());
        Assert.Equal(0, await stopped);
    }

    private async Task AssertEndsAsync(int exitCode, (string Name, string Value)? variable, params string[] texts)
    {
        var environment = new Dictionary<string, string?>();
        if (variable is { } set)
        {
            environment[set.Name] = set.Value;
        }

        var ended = await RegistryProcess.RunAsync("serve", _folder.Path, environment);

        Assert.Equal(exitCode, ended.ExitCode);
        Assert.All(texts, text => Assert.Contains(text, ended.Output, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", ended.Output, StringComparison.Ordinal);
    }
}
