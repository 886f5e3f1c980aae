using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Storage;
using Registry.Server.Commands.Maintain;
using Registry.Server.Configuration;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Maintenance;

/// <summary>Metadata files with a changed byte, from the view of clients and operators.</summary>
public sealed class DamagedMetadataTests : IAsyncLifetime
{
    private const int PageSize = 4096;
    private static readonly string[] Tags = ["v1", "v2"];

    private readonly TemporaryFolder _folder = new(isInMemory: true);
    private readonly Dictionary<string, TestImage> _images = Tags.ToDictionary(tag => tag, _ => TestImage.Create());

    private string Database => Path.Combine(_folder.Path, "registry.db");

    public async ValueTask InitializeAsync()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        foreach (var (tag, image) in _images)
        {
            await registry.Client.PushAsync("a", image, tag);
            await registry.Client.PushAsync($"other/{tag}", image, tag);
        }
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    // Each link is the last thing that says so when the database is lost as well.
    [Theory]
    [InlineData("_manifests/tags/v1/current", "v2")]
    [InlineData("_manifests/tags/v1/index", "v1", "v2")]
    [InlineData("_manifests/revisions", "v1", "v2")]
    [InlineData("_layers", "v1", "v2")]
    public async Task A_byte_flipped_in_links_costs_nothing_and_after_reindexing_that_tag_at_most_which_a_push_heals(string folder, params string[] left)
    {
        foreach (var link in Directory.EnumerateFiles(Path.Combine(_folder.Path, "repositories", "a", folder), "link", SearchOption.AllDirectories))
        {
            FlipByte(link, (int)new FileInfo(link).Length / 2);
        }

        await AssertServedAsync(Tags);
        await ReindexAsync();
        await AssertServedAsync(left);

        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path))
        {
            await registry.Client.PushAsync("a", _images["v1"], "v1");
        }

        await AssertServedAsync(Tags);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    [InlineData(0.6)]
    [InlineData(0.9)]
    public async Task A_byte_flipped_in_a_page_of_the_database_is_found_and_said_and_reindexing_brings_everything_back(double part)
    {
        // Where the page says what it is; the first page has the header of the file before that. A page that is free has nothing that could be damaged.
        var content = await File.ReadAllBytesAsync(Database, TestContext.Current.CancellationToken);
        var free = FreePages(content);
        var page = Enumerable.Range((int)(part * content.Length / PageSize), content.Length / PageSize).First(index => !free.Contains(index));
        FlipByte(Database, (page * PageSize) + (page == 0 ? 100 : 0));

        Assert.True(await IsFoundAsync());
        await ReindexAsync();
        await AssertServedAsync(Tags);
    }

    // Indexes of the free pages (SQLite, "Database File Format", section 1.5).
    private static HashSet<int> FreePages(byte[] database)
    {
        var free = new HashSet<int>();
        for (var trunk = NumberAt(32); trunk != 0; trunk = NumberAt((trunk - 1) * PageSize))
        {
            var at = (trunk - 1) * PageSize;
            free.Add(trunk - 1);
            free.UnionWith(Enumerable.Range(0, NumberAt(at + 4)).Select(i => NumberAt(at + 8 + (4 * i)) - 1));
        }

        return free;

        int NumberAt(int offset) => BinaryPrimitives.ReadInt32BigEndian(database.AsSpan(offset));
    }

    private async Task<bool> IsFoundAsync()
    {
        try
        {
            await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
            Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
            var result = await registry.Host.Verifier.VerifyAllAsync(isDryRun: false, default);
            return result.IsMetadataDamaged
                && registry.Log.Entries.Any(entry => entry.Message.StartsWith("registry.db is damaged: ", StringComparison.Ordinal));
        }
        catch (StorageException e)
        {
            return e.Message.Contains("Run 'registry reindex' to rebuild it", StringComparison.Ordinal);
        }
    }

    private async Task ReindexAsync() => Assert.Equal(
        0, await ReindexCommand.RunAsync(
            CommandRun.Context(TextWriter.Null), new RegistryOptions { StoragePath = _folder.Path }, NullLoggerFactory.Instance, isJson: false, TestContext.Current.CancellationToken));

    private async Task AssertServedAsync(string[] tags)
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Assert.Equal(["a", "other/v1", "other/v2"], (await registry.Client.GetAnswerAsync("/v2/_catalog")).Strings("repositories"));
        Assert.Equal(tags, (await registry.Client.GetAnswerAsync("/v2/a/tags/list")).Strings("tags"));
        foreach (var tag in tags)
        {
            Assert.Equal(_images[tag].Manifest.Bytes, (await registry.Client.GetAnswerAsync($"/v2/a/manifests/{tag}")).Body);
        }

        foreach (var (tag, image) in _images)
        {
            Check.Status(200, await registry.Client.HeadAnswerAsync($"/v2/a/manifests/{image.Digest}"));
            Assert.Equal(image.Manifest.Bytes, (await registry.Client.GetAnswerAsync($"/v2/other/{tag}/manifests/{tag}")).Body);
            foreach (var blob in image.Blobs)
            {
                Assert.Equal(blob.Bytes, (await registry.Client.GetAnswerAsync($"/v2/a/blobs/{blob.Digest}")).Body);
            }
        }

        await registry.Host.Collector.RunAsync(default);
    }

    private static void FlipByte(string path, int offset)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[offset] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
