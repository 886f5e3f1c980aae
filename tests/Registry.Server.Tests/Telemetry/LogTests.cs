using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Tests.Telemetry;

/// <summary>Text from clients cannot forge a line of the log, and secrets never get into it.</summary>
public sealed class LogTests
{
    private const string Canary = "c4nary-0f-th3-m1ne";

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\r\nb", "a  b")]
    [InlineData("a\nfatal forged", "a fatal forged")]
    [InlineData("\u001b[31mred\u0000\u0085", " [31mred  ")]
    [InlineData("a\u2028b\u2029c\u202ed\u009b31m", "a b c d 31m")]
    public void An_event_is_one_line(string message, string printed)
    {
        using var writer = new StringWriter();

        new TerminalFormatter().Write(
            new LogEntry<string>(LogLevel.Warning, "category", default, message, null, (state, _) => state), null, writer);

        var line = writer.ToString();
        Assert.EndsWith($" warn  {printed}{Environment.NewLine}", line, StringComparison.Ordinal);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("a\r\nfatal forged")]
    [InlineData("\"}\n{\"level\":\"fatal\"")]
    [InlineData("\u001b[31mred\u0000\u0085\u2028\u2029\u202e\u007f")]
    public void An_event_is_one_object_on_one_line_of_ascii(string message)
    {
        using var writer = new StringWriter();

        new JsonFormatter().Write(
            new LogEntry<string>(LogLevel.Warning, "category", default, message, new InvalidOperationException(message), (state, _) => state), null, writer);

        var line = writer.ToString().TrimEnd('\n');
        Assert.DoesNotContain(line, c => c is < ' ' or > '~');
        var json = JsonDocument.Parse(line).RootElement;
        Assert.Equal(message, json.GetProperty("message").GetString());
        Assert.Equal("warn", json.GetProperty("level").GetString());
        Assert.Contains(message, json.GetProperty("exception").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_exception_looks_like_no_event()
    {
        using var writer = new StringWriter();

        new TerminalFormatter().Write(
            new LogEntry<string>(
                LogLevel.Error, "category", default, "failed", new InvalidOperationException("a\n2026-01-31T12:00:00.000Z fatal forged"), (state, _) => state),
            null,
            writer);

        Assert.Single(writer.ToString().Split('\n'), line => line.StartsWith("2026", StringComparison.Ordinal) || line.Contains(" error ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Credentials_and_queries_are_not_logged_at_any_level()
    {
        await using var registry = await TestRegistry.StartAsync();
        var basic = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"user:{Canary}"));

        foreach (var (method, path) in new[]
        {
            ("GET", "/v2/"), ("GET", $"/v2/_catalog?token={Canary}"), ("GET", $"/nowhere?password={Canary}"), ("PUT", $"/v2/log/manifests/.bad?password={Canary}"),
            ("POST", $"/v2/log/blobs/uploads/?secret={Canary}"), ("GET", $"/token?account={Canary}&service=registry&{Canary}=1"), ("GET", $"/v2/LOG/tags/list?secret={Canary}"), ("BREW", $"/v2/?{Canary}"),
        })
        {
            await registry.Client.RequestAsync(
                method, path, [1], ("Authorization", $"Basic {basic}"), ("Cookie", Canary), ("X-Auth-Token", Canary), ("Proxy-Authorization", $"Bearer {Canary}"));
        }

        Assert.NotEmpty(registry.Log.Entries);
        Assert.DoesNotContain(registry.Log.JsonLines, line => line.Contains(Canary, StringComparison.Ordinal) || line.Contains(basic, StringComparison.Ordinal));
        Assert.All(registry.Log.Entries, entry =>
        {
            Assert.DoesNotContain(Canary, $"{entry.Message}{entry.Exception}", StringComparison.Ordinal);
            Assert.DoesNotContain(basic, $"{entry.Message}{entry.Exception}", StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("n=5&last=a%2fb", "n=5&last=a%2fb")]
    [InlineData("scope=repository:a:pull&account=alice&service=registry", "scope=repository:a:pull&*&service=registry")]
    [InlineData("digest=sha256:0&s3cret", "digest=sha256:0&*")]
    [InlineData("N=5", "*")]
    public async Task A_query_is_logged_without_what_may_be_secret(string query, string printed)
    {
        await using var registry = await TestRegistry.StartAsync();

        await registry.Client.GetAnswerAsync($"/v2/log/tags/list?{query}", ("Range", "bytes=0-9"));

        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message.StartsWith($"GET /v2/log/tags/list?{printed} -> ", StringComparison.Ordinal)
                && entry.Message.Contains(", range bytes=0-9, anonymous from 127.0.0.1, ", StringComparison.Ordinal))),
            "the request is logged");
    }

    [Fact]
    public async Task A_path_is_logged_as_it_was_sent_so_that_it_stays_on_its_line()
    {
        await using var registry = await TestRegistry.StartAsync();

        await RawConnection.ExchangeAsync(registry, "GET /v2/%0d%0afatal%20forged/tags/list HTTP/1.1\r\nHost: registry");

        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message.StartsWith("GET /v2/%0d%0afatal%20forged/tags/list -> ", StringComparison.Ordinal))),
            "the request is logged");
        Assert.DoesNotContain(registry.Log.Entries, entry => entry.Message.Contains("\nfatal", StringComparison.Ordinal));
    }
}
