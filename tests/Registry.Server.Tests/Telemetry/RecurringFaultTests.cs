using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Maintenance;

namespace Registry.Server.Tests.Telemetry;

/// <summary>Faults that recur with each request while their cause lasts: one line that says what to do, then their number once a minute, then their end.</summary>
public sealed class RecurringFaultTests
{
    private const int Times = 20;

    // Larger than what the metadata takes.
    private static readonly TestBlob Blob = TestBlob.Random(100_000);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task A_push_to_a_folder_that_cannot_be_written()
    {
        await using var registry = await TestRegistry.StartAsync(time: _time);
        var obstacle = Path.Combine(registry.StoragePath, "blobs", "sha256");
        Directory.CreateDirectory(Path.GetDirectoryName(obstacle)!);
        await File.WriteAllTextAsync(obstacle, "a file where a folder must go");

        await RepeatAsync(503, () => PushAsync(registry));

        AssertOneLine(registry, "POST /v2/team/app/blobs/uploads/ could not be served by the storage: ", "Check the data folder");
        AssertCounted(registry, "Requests that the storage cannot serve, ");
        File.Delete(obstacle);
        Check.Status(201, await PushAsync(registry));
        AssertOver(registry, "Requests that the storage cannot serve, ");
    }

    [Fact]
    public async Task A_push_to_a_full_disk()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { StorageReserve = long.MaxValue }, time: _time);

        await RepeatAsync(507, () => PushAsync(registry));

        AssertOneLine(registry, "POST /v2/team/app/blobs/uploads/ could not be served by the storage: the disk of ", "Make room on the disk");
        AssertCounted(registry, "Requests that the storage cannot serve, the disk is full");
        AssertOver(registry, "Requests that the storage cannot serve, the disk is full");
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_pull_of_content_that_is_gone(TransportKind transport)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Transport = transport }, time: _time);
        await registry.Client.PushBlobAsync("team/app", Blob);
        File.Delete(StoredFile.PathOf(registry.StoragePath, Blob.Digest));

        await RepeatAsync(404, () => registry.Client.GetAnswerAsync($"/v2/team/app/blobs/{Blob.Digest}"));

        AssertOneLine(registry, $"Blob {Blob.Digest} of team/app is damaged: 100000 B expected, nothing found. ", "Pushing it again repairs it");
        AssertCounted(registry, $"Requests for damaged content, {Blob.Digest}");
        Check.Status(201, await PushAsync(registry));
        AssertOver(registry, $"Requests for damaged content, {Blob.Digest}");
    }

    [Fact]
    public async Task A_database_that_cannot_be_read()
    {
        using var folder = new TemporaryFolder();
        await using (var first = await TestRegistry.StartAsync(storagePath: folder.Path))
        {
            await first.Client.PushAsync("team/app", TestImage.Create(), "latest");
        }

        await using var registry = await TestRegistry.StartAsync(storagePath: folder.Path, time: _time);
        var whole = Damage(Path.Combine(folder.Path, "registry.db"));

        await RepeatAsync(503, () => registry.Client.GetAnswerAsync("/v2/team/app/tags/list"));

        AssertOneLine(registry, "GET /v2/team/app/tags/list could not be served by the storage: The metadata could not be read: ", "Run 'registry reindex' to rebuild it");
        Assert.Contains("Check the disk, and the owner and mode of registry.db", Assert.Single(Faults(registry)).Message, StringComparison.Ordinal);

        // The commit of a session makes SQLite forget the pages that it has read.
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "registry.db"), whole);
        await registry.Client.BeginUploadAsync("team/app");
        Check.Status(201, await PushAsync(registry));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/team/app/tags/list"));
        AssertCounted(registry, "Requests that the storage cannot serve, The metadata could not be read: ");
        AssertOver(registry, "Requests that the storage cannot serve, The metadata could not be read: ");
    }

    // Everything but the first page. Returns the bytes before.
    private static byte[] Damage(string database)
    {
        const int Page = 4096;
        var bytes = File.ReadAllBytes(database);
        using var file = File.OpenWrite(database);
        file.Position = Page;
        file.Write(new byte[bytes.Length - Page]);
        return bytes;
    }

    private static Task<Answer> PushAsync(TestRegistry registry) =>
        registry.Client.RequestAsync("POST", $"/v2/team/app/blobs/uploads/?digest={Blob.Digest}", Blob.Bytes);

    private static async Task RepeatAsync(int status, Func<Task<Answer>> request)
    {
        for (var i = 0; i < Times; i++)
        {
            Check.Status(status, await request());
        }
    }

    // No stack trace: the cause is known.
    private static void AssertOneLine(TestRegistry registry, string begin, string remedy)
    {
        var line = Assert.Single(Faults(registry));
        Assert.True(line.Message.StartsWith(begin, StringComparison.Ordinal), $"{line.Message} {line.Exception}");
        Assert.Contains(remedy, line.Message, StringComparison.Ordinal);
        Assert.Null(line.Exception);
    }

    private void AssertCounted(TestRegistry registry, string cause)
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        var line = Faults(registry)[^1].Message;
        Assert.StartsWith(cause, line, StringComparison.Ordinal);
        Assert.EndsWith($": {Times - 1} more within a minute", line, StringComparison.Ordinal);
        Assert.Equal(2, Faults(registry).Count);
    }

    private void AssertOver(TestRegistry registry, string cause)
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Single(registry.Log.Entries, entry => entry.Level == LogLevel.Information
            && entry.Message.StartsWith(cause, StringComparison.Ordinal)
            && entry.Message.EndsWith(": none within a minute. The cause is gone, or no request has met it", StringComparison.Ordinal));
    }

    // Without the lines of the mirrors, which report their own state.
    private static List<(LogLevel Level, string Message, Exception? Exception)> Faults(TestRegistry registry) =>
        [.. registry.Log.Entries.Where(entry => entry.Level >= LogLevel.Error
            && !entry.Message.Contains("tried again", StringComparison.Ordinal)
            && !entry.Message.StartsWith("The repositories tree is behind", StringComparison.Ordinal))];
}
