using System.Runtime.Versioning;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Tls;

namespace Registry.Server.Tests.Hosting;

/// <summary>Only the stop signals end the registry, and they do so cleanly.</summary>
[SupportedOSPlatform("linux")]
public sealed class SignalTests : IDisposable
{
    private const int HangUp = 1;
    private const int Quit = 3;
    private const int User1 = 10;
    private const int Terminate = 15;

    private readonly TemporaryFolder _folder = new(isInMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task SIGHUP_reads_the_users_again_and_says_so()
    {
        using var files = new TemporaryFolder();
        var users = Path.Combine(files.Path, "htpasswd");
        await File.WriteAllTextAsync(users, UserLine("alice"));
        await using var registry = await RegistryProcess.StartAsync(
            _folder.Path, new Dictionary<string, string?> { ["REGISTRY_AUTH_TYPE"] = "basic", ["REGISTRY_AUTH_HTPASSWD"] = users });
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };

        registry.Signal(HangUp);
        await registry.WaitForOutputAsync("Files reloaded: REGISTRY_AUTH_HTPASSWD is unchanged");
        await File.WriteAllTextAsync(users, "broken");
        registry.Signal(HangUp);
        await registry.WaitForOutputAsync("REGISTRY_AUTH_HTPASSWD cannot be used, the last good version stays in force: ");
        Check.Status(200, await client.GetAnswerAsync("/v2/", AccessFolder.Basic("alice")));

        Assert.Equal(0, await registry.StopAsync());
    }

    [Fact]
    public async Task SIGHUP_names_the_outcome_of_each_file_and_takes_an_edit_at_once()
    {
        using var folder = new AccessFolder();
        using var tls = new TlsFolder();
        await using var registry = await TestRegistry.StartAsync(options => tls.Configure(folder.Configure(options, AuthenticationKind.Basic)));
        await File.AppendAllTextAsync(folder.UsersPath, UserLine("zoe"));

        registry.Host.Reload();

        // The edit may have been noticed before.
        Assert.Contains(registry.Log.Entries, entry => entry.Level == LogLevel.Information
            && entry.Message.StartsWith("Files reloaded: REGISTRY_AUTH_HTPASSWD ", StringComparison.Ordinal)
            && entry.Message.EndsWith("; REGISTRY_ACCESS_CONTROL_CONFIG is unchanged; REGISTRY_TLS_CERT is unchanged", StringComparison.Ordinal));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Basic("zoe")));
    }

    [Theory]
    [InlineData(Terminate)]
    [InlineData(Quit)]
    public async Task Signals_that_arrive_while_the_registry_stops_change_nothing_and_a_second_one_to_stop_cuts_requests_off(int stop)
    {
        await using var registry = await RegistryProcess.StartAsync(_folder.Path);
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        var location = await client.BeginUploadAsync("stopping");
        using var waiting = await RawConnection.OpenAsync(registry.BaseAddress);
        await waiting.SendAsync($"PATCH {location} HTTP/1.1\r\nHost: registry\r\nContent-Length: 2000000\r\n\r\n{new string('x', 1_000_000)}");
        await Eventually.HoldsAsync(async () => (await client.GetAnswerAsync(location))["Range"] != "0-0", "the server has written some of the body");

        registry.Signal(stop);
        await registry.WaitForOutputAsync("Stopping: ");
        registry.Signal(HangUp);
        registry.Signal(User1);
        registry.Signal(stop);

        Assert.Equal(0, await registry.WaitForExitAsync());
        Assert.Contains("cutting off the requests in flight", registry.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Read-only", registry.Output, StringComparison.Ordinal);
        Assert.Contains("Stopped.", registry.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unclean_stop_is_one_warning_at_the_next_start()
    {
        await using var registry = await RegistryProcess.StartAsync(_folder.Path);
        registry.Kill();

        await registry.StartAgainAsync();
        await registry.WaitForOutputAsync("The last stop of the registry was unclean");
        Assert.Single(registry.Output.Split('\n'), line => line.Contains(" warn ", StringComparison.Ordinal));
        Assert.Equal(0, await registry.StopAsync());

        await registry.StartAgainAsync();
        Assert.Equal(0, await registry.StopAsync());
        Assert.DoesNotContain(" warn ", registry.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_every_line_from_start_to_stop_is_an_object()
    {
        await using var registry = await RegistryProcess.StartAsync(
            _folder.Path, new Dictionary<string, string?> { ["REGISTRY_LOG_FORMAT"] = "json", ["REGISTRY_LOG_LEVEL"] = "error" });
        Assert.Equal(0, await registry.StopAsync());

        var events = registry.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToList();
        Assert.Equal(["started", "stopping", "stopped"], events.Select(line => line.GetProperty("event").GetString()));
        Assert.Matches(@"^\d+\.\d+\.\d+", events[0].GetProperty("version").GetString());
        Assert.Equal(registry.BaseAddress.GetLeftPart(UriPartial.Authority), events[0].GetProperty("addresses").GetString());
        Assert.Equal(_folder.Path, events[0].GetProperty("storage").GetString());
    }

    [Theory]
    [InlineData("serve", "REGISTRY_PORT", "x", "REGISTRY_PORT is 'x'")]
    [InlineData("serve", "REGISTRY_AUTH_HTPASSWD", "/nowhere", "REGISTRY_AUTH_HTPASSWD is set, but")]
    [InlineData("serve", "REGISTRY_HOST", "192.0.2.1", "cannot listen on 192.0.2.1")]
    [InlineData("serve", "REGISTRY_STORAGE_PATH", "/proc/nowhere", "REGISTRY_STORAGE_PATH /proc/nowhere ")]
    [InlineData("serve --colour", "REGISTRY_PORT", "0", "there is no option '--colour'")]
    [InlineData("dance", "REGISTRY_PORT", "0", "there is no command 'dance'")]
    public async Task With_json_a_fault_is_an_object(string command, string setting, string value, string message)
    {
        var (exitCode, output) = await RegistryProcess.RunAsync(
            command, _folder.Path, new Dictionary<string, string?> { ["REGISTRY_LOG_FORMAT"] = "json", [setting] = value });

        Assert.InRange(exitCode, 1, 2);
        var events = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToList();
        Assert.Contains(events, line => line.GetProperty("level").GetString() == "error" && line.GetProperty("message").GetString()!.StartsWith(message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("serve --log-format json --port x")]
    [InlineData("serve --log-format=json --nothing")]
    [InlineData("serve --config FILE --port x")]
    [InlineData("serve --config FILE --port")]
    public async Task The_format_of_a_fault_may_be_set_by_an_option_or_the_file(string command)
    {
        using var files = new TemporaryFolder();
        var file = Path.Combine(files.Path, "registry.json");
        await File.WriteAllTextAsync(file, """{ "REGISTRY_LOG_FORMAT": "json" }""");

        var (exitCode, output) = await RegistryProcess.RunAsync(
            command.Replace("FILE", file, StringComparison.Ordinal), _folder.Path, new Dictionary<string, string?> { ["REGISTRY_CONFIG"] = file });

        Assert.Equal(2, exitCode);
        Assert.All(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Equal("error", JsonElement.Parse(line).GetProperty("level").GetString()));
    }

    private static string UserLine(string user) => $"{user}:{BCrypt.Net.BCrypt.HashPassword(AccessFolder.Password(user), 4)}\n";
}
