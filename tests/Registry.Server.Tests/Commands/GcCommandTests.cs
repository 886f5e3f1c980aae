using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Oci;
using Registry.Server.Commands;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Commands;

/// <summary>Collecting by hand, on the folder of a registry that was stopped.</summary>
public sealed class GcCommandTests : IDisposable
{
    private static readonly TestImage Image = TestImage.Create();
    private static readonly TestBlob Unneeded = TestBlob.OfText("unneeded");
    private static readonly TestBlob Unknown = TestBlob.OfText("unknown");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_dry_run_says_what_would_go_and_why_and_a_run_removes_it()
    {
        await FillAsync();
        var preview = await RunAsync(0, new GcRequest(IsDryRun: true));
        Assert.Contains($"{Unneeded.Digest} would expire in a: no manifest there has needed it for 7200 s\n", preview, StringComparison.Ordinal);
        Assert.Contains($"{Unneeded.Digest} would be removed, 8 bytes: no link to it would be left\n", preview, StringComparison.Ordinal);
        Assert.Contains($"{Unknown.Digest} would be removed, 7 bytes: the metadata does not know it, and nothing links to it\n", preview, StringComparison.Ordinal);
        Assert.EndsWith("1 links and 2 blobs of 15 bytes would be removed. Nothing was changed.\n", preview, StringComparison.Ordinal);
        Assert.Equal(preview, await RunAsync(0, new GcRequest(IsDryRun: true)));

        Assert.Equal("Removed 1 links and 2 blobs.\n", await RunAsync(0, new GcRequest()));
        Assert.Equal("Removed 0 links and 0 blobs.\n", await RunAsync(0, new GcRequest()));
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/a/manifests/latest"));
        Assert.Equal(Image.Blobs.Count + 1, registry.Host.Storage.Blobs.Enumerate().Count());
    }

    [Fact]
    public async Task After_an_unclean_stop_it_must_be_forced()
    {
        await FillAsync(isKilled: true);
        Assert.Empty(await RunAsync(1, new GcRequest()));
        Assert.Empty(await RunAsync(1, new GcRequest()));
        Assert.Contains("only 'registry gc --force' removes them", await RunAsync(0, new GcRequest(IsDryRun: true)), StringComparison.Ordinal);
        Assert.Equal("Removed 1 links and 2 blobs.\n", await RunAsync(0, new GcRequest(IsForced: true)));
    }

    [Fact]
    public async Task It_explains_why_a_blob_is_there()
    {
        await FillAsync();
        var layer = await ExplainAsync(0, Image.Blobs[^1].Digest);
        Assert.Contains("a links to it: a manifest there needs it.", layer, StringComparison.Ordinal);
        Assert.Contains($"The manifest {Image.Digest} of a refers to it.", layer, StringComparison.Ordinal);
        Assert.Contains("It is a manifest of a: it stays until somebody deletes it.", await ExplainAsync(0, Image.Digest), StringComparison.Ordinal);

        var unneeded = await ExplainAsync(0, Unneeded.Digest);
        Assert.Contains("is stored, 8 bytes.", unneeded, StringComparison.Ordinal);
        Assert.Contains("no manifest there has needed it for 7200 s, and so it expires in the next cycle", unneeded, StringComparison.Ordinal);
        Assert.Contains("it expires after 79200 s more", await ExplainAsync(0, Unneeded.Digest, TimeSpan.FromDays(1)), StringComparison.Ordinal);

        var unknown = await ExplainAsync(0, Unknown.Digest);
        Assert.Contains("The metadata does not know it.", unknown, StringComparison.Ordinal);
        Assert.Contains("Nothing in the tree links to it", unknown, StringComparison.Ordinal);
        Assert.Contains("is not here", await ExplainAsync(1, TestBlob.OfText("nothing").Digest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task JSON_has_what_the_sentences_have()
    {
        await FillAsync();
        using (var preview = JsonDocument.Parse(await RunAsync(0, new GcRequest(IsDryRun: true, IsJson: true))))
        {
            Assert.Equal(7200, Assert.Single(preview.RootElement.GetProperty("links").EnumerateArray()).GetProperty("idleSeconds").GetInt64());
            Assert.Equal(
                [Unneeded.Digest, Unknown.Digest],
                preview.RootElement.GetProperty("blobs").EnumerateArray().Select(blob => blob.GetProperty("digest").GetString()));
            Assert.Equal(15, preview.RootElement.GetProperty("bytes").GetInt64());
        }

        using (var explanation = JsonDocument.Parse(await RunAsync(0, new GcRequest(Explained: Digest.Parse(Image.Digest), IsJson: true))))
        {
            Assert.Equal("stored", explanation.RootElement.GetProperty("state").GetString());
            Assert.Equal("a", Assert.Single(explanation.RootElement.GetProperty("manifestOf").EnumerateArray()).GetString());
            Assert.True(explanation.RootElement.GetProperty("isKnown").GetBoolean());
        }

        Assert.Equal("{\n  \"links\": 1,\n  \"blobs\": 2\n}\n", await RunAsync(0, new GcRequest(IsJson: true)));
    }

    [Fact]
    public async Task A_folder_that_is_not_indexed_is_left_alone()
    {
        await FillAsync();
        foreach (var file in Directory.EnumerateFiles(_folder.Path, "registry.db*"))
        {
            File.Delete(file);
        }

        Assert.Empty(await RunAsync(1, new GcRequest(IsForced: true)));
    }

    [Fact]
    public async Task A_folder_that_a_registry_uses_is_left_alone()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Assert.Empty(await RunAsync(1, new GcRequest(IsForced: true)));
    }

    // An image that is needed, a blob that has not been for two hours, and bytes that the metadata does not know.
    private async Task FillAsync(bool isKilled = false)
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path, time: time);
        await registry.Client.PushAsync("a", Image, "latest");
        await registry.Client.PushBlobAsync("a", Unneeded);
        await registry.Host.Storage.Blobs.PutAsync(Digest.Parse(Unknown.Digest), Unknown.Bytes);
        time.Advance(TimeSpan.FromHours(2));
        await registry.Host.Collector.SavePromisesAsync();
        if (isKilled)
        {
            registry.Host.Storage.Health.Fail("killed");
        }
    }

    private Task<string> ExplainAsync(int exitCode, string digest, TimeSpan? grace = null) =>
        RunAsync(exitCode, new GcRequest(Explained: Digest.Parse(digest)), grace);

    private async Task<string> RunAsync(int exitCode, GcRequest request, TimeSpan? grace = null)
    {
        var options = new RegistryOptions { StoragePath = _folder.Path, GcGrace = grace ?? TimeSpan.FromHours(1) };
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(exitCode, await GcCommand.RunAsync(options, request, output, new FakeTimeProvider(), NullLoggerFactory.Instance));
        return output.ToString();
    }
}
