using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Registry.Server.Tests.Uploads;

/// <summary>REGISTRY_UPLOAD_TIMEOUT and REGISTRY_UPLOAD_CLEANUP_INTERVAL.</summary>
public sealed class UploadExpiryTests : IAsyncLifetime
{
    private static readonly TimeSpan Timeout = TimeSpan.FromHours(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    private readonly FakeTimeProvider _time = new();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync() => _registry = await TestRegistry.StartAsync(
        options => options with { UploadTimeout = Timeout, UploadCleanupInterval = Interval, IdleTimeout = Timeout * 10 }, time: _time);

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task An_upload_expires_when_no_byte_has_come_for_the_timeout()
    {
        var old = await _registry.Client.BeginUploadAsync("expiry/old");
        Check.Status(202, await _registry.Client.RequestAsync("PATCH", old, new byte[10]));
        _time.Advance(Timeout / 2);
        var young = await _registry.Client.BeginUploadAsync("expiry/young");

        await AdvanceUntilGoneAsync(old, Timeout / 2);

        Check.Error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", await _registry.Client.GetAnswerAsync(old));
        Check.Status(204, await _registry.Client.GetAnswerAsync(young));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_registry.StoragePath, "uploads")));
    }

    [Fact]
    public async Task Uploads_that_expire_together_have_one_line_of_the_level_info()
    {
        const int Count = 5;
        var uploads = new List<string>();
        for (var i = 0; i < Count; i++)
        {
            uploads.Add(await _registry.Client.BeginUploadAsync("expiry/many"));
        }

        await AdvanceUntilGoneAsync(uploads[0], Timeout);
        await Eventually.HoldsAsync(() => Task.FromResult(Lines(LogLevel.Information).Count > 0), "the cycle has ended");

        Assert.Equal([$"Uploads expired: {Count}, with 0 B received"], Lines(LogLevel.Information));
        Assert.Equal(Count, Lines(LogLevel.Debug).Count);

        List<string> Lines(LogLevel level) =>
            [.. _registry.Log.Entries.Where(entry => entry.Level == level && entry.Message.Contains("expired", StringComparison.Ordinal)).Select(entry => entry.Message)];
    }

    [Fact]
    public async Task A_byte_begins_the_timeout_anew()
    {
        var kept = await _registry.Client.BeginUploadAsync("expiry/kept");
        var lost = await _registry.Client.BeginUploadAsync("expiry/lost");
        _time.Advance(Timeout / 2);
        Check.Status(202, await _registry.Client.RequestAsync("PATCH", kept, new byte[10]));

        await AdvanceUntilGoneAsync(lost, Timeout / 2);

        Assert.Equal("0-9", Check.Status(204, await _registry.Client.GetAnswerAsync(kept))["Range"]);
    }

    [Fact]
    public async Task An_upload_with_a_request_in_flight_does_not_expire()
    {
        var busy = await _registry.Client.BeginUploadAsync("expiry/busy");
        var idle = await _registry.Client.BeginUploadAsync("expiry/idle");
        using var connection = await RawConnection.OpenAsync(_registry);
        await connection.SendAsync($"PATCH {busy} HTTP/1.1\r\nHost: registry\r\nContent-Length: 10\r\n\r\n12345");
        await Eventually.HoldsAsync(() => RegistryFixture.IsInUseAsync(_registry, busy), "the session is in use");

        await AdvanceUntilGoneAsync(idle, Timeout * 2);

        await connection.SendAsync("67890");
        Assert.Equal("0-9", Check.Status(202, await connection.ReadAnswerAsync())["Range"]);
    }

    [Fact]
    public async Task A_restart_begins_the_timeout_anew()
    {
        var location = await _registry.Client.BeginUploadAsync("expiry/restart");
        _time.Advance(Timeout - Interval);
        await _registry.RestartAsync();
        var marker = await _registry.Client.BeginUploadAsync("expiry/marker");
        _time.Advance(Timeout - Interval);
        Check.Status(204, await _registry.Client.GetAnswerAsync(location));

        await AdvanceUntilGoneAsync(location, Interval);
        await AdvanceUntilGoneAsync(marker, Interval);
    }

    // The cleaning runs beside the test: the clock goes on, in steps of its interval, until the effect is seen.
    private async Task AdvanceUntilGoneAsync(string location, TimeSpan time)
    {
        _time.Advance(time);
        await Eventually.HoldsAsync(
            async () =>
            {
                if ((await _registry.Client.GetAnswerAsync(location)).Status == 404)
                {
                    return true;
                }

                _time.Advance(TimeSpan.FromSeconds(1));
                return false;
            },
            "the upload has expired");
    }
}
