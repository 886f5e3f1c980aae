using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Oci;
using Registry.Server.Commands.Maintain;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;

namespace Registry.Server.Tests.Commands;

/// <summary>Manual garbage collection in the folder of a stopped registry.</summary>
public sealed class GcCommandTests : IDisposable
{
    private static readonly TestImage Image = TestImage.Create();
    private static readonly TestBlob Unneeded = TestBlob.OfText("unneeded");
    private static readonly TestBlob Unknown = TestBlob.OfText("unknown");

    private readonly TemporaryFolder _folder = new(isInMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_dry_run_says_what_would_go_and_why_and_a_run_removes_it()
    {
        await FillAsync();
        var preview = await RunAsync(0, new GcRequest(IsDryRun: true));
        Assert.Contains($"{Unneeded.Digest} would expire in a: no manifest there has needed it for 7200 s\n", preview, StringComparison.Ordinal);
        Assert.Contains($"{Unneeded.Digest} would be removed, 8 bytes: no repository would link to it any more\n", preview, StringComparison.Ordinal);
        Assert.Contains($"{Unknown.Digest} would be removed, 7 bytes: the metadata does not know it, and nothing links to it\n", preview, StringComparison.Ordinal);
        Assert.EndsWith("0 manifests, 1 link and 2 blobs of 15 bytes would be removed. Nothing was changed.\n", preview, StringComparison.Ordinal);
        Assert.Equal(preview, await RunAsync(0, new GcRequest(IsDryRun: true)));

        Assert.Equal("Removed 0 manifests, 1 link and 2 blobs.\n", await RunAsync(0, new GcRequest()));
        Assert.Equal("Removed 0 manifests, 0 links and 0 blobs.\n", await RunAsync(0, new GcRequest()));
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/a/manifests/latest"));
        Assert.Equal(Image.Blobs.Count + 1, await registry.Host.Storage.Blobs.ListAsync().CountAsync());
    }

    [Fact]
    public async Task After_an_unclean_stop_it_needs_no_force()
    {
        await FillWithIndexAsync();
        await FillAsync(isKilled: true);
        Assert.Equal("Removed 0 manifests, 1 link and 2 blobs.\n", await RunAsync(0, new GcRequest()));
        Assert.Contains("Deleted 1 untagged manifest.", await RunAsync(0, new GcRequest(Untagged: new(IsDeletion: true))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_an_answer_that_recorded_no_promise_it_must_be_forced_until_the_promise_is_over()
    {
        await FillWithIndexAsync();
        await FillAsync(isReadOnly: true);
        Assert.Empty(await RunAsync(1, new GcRequest()));
        Assert.Empty(await RunAsync(1, new GcRequest(Untagged: new(IsDeletion: true))));
        Assert.Contains(
            "everything stays for another 1801 s of its running time. Only 'registry gc --force' removes them",
            await RunAsync(0, new GcRequest(IsDryRun: true)),
            StringComparison.Ordinal);
        Assert.Equal("Removed 0 manifests, 1 link and 2 blobs.\n", await RunAsync(0, new GcRequest(IsForced: true)));
    }

    [Fact]
    public async Task It_explains_why_a_blob_is_there()
    {
        await FillAsync();
        var layer = await ExplainAsync(0, Image.Blobs[^1].Digest);
        Assert.Contains("a links to it: a manifest there needs it.", layer, StringComparison.Ordinal);
        Assert.Contains($"The manifest {Image.Digest} of a refers to it.", layer, StringComparison.Ordinal);
        Assert.Matches("It is a manifest of a, last pushed no later than .*Z: held by the tags latest\\.", await ExplainAsync(0, Image.Digest));

        var unneeded = await ExplainAsync(0, Unneeded.Digest);
        Assert.Contains("is stored, 8 bytes.", unneeded, StringComparison.Ordinal);
        Assert.Contains("no manifest there has needed it for 7200 s; it expires in the next cycle", unneeded, StringComparison.Ordinal);
        Assert.Contains("it expires after 79200 s more", await ExplainAsync(0, Unneeded.Digest, TimeSpan.FromDays(1)), StringComparison.Ordinal);

        var unknown = await ExplainAsync(0, Unknown.Digest);
        Assert.Contains("The metadata does not know it.", unknown, StringComparison.Ordinal);
        Assert.Contains("Nothing in the tree links to it", unknown, StringComparison.Ordinal);
        Assert.Contains("is not stored, and the metadata does not know it", await ExplainAsync(1, TestBlob.OfText("nothing").Digest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_of_a_manifest_what_holds_it_and_when_it_expires()
    {
        var (child, index, signature) = await FillWithIndexAsync();
        Assert.Matches("held by the manifests that refer to it\\.", await ExplainAsync(0, child.Digest));
        Assert.Matches("nothing has held it for 0 s, but neither an index that listed it nor its subject was deleted", await ExplainAsync(0, index.Digest));
        Assert.Matches($"held by its subject {index.Digest}\\.", await ExplainAsync(0, signature.Digest));

        var time = new FakeTimeProvider();
        await using (var registry = await TestRegistry.StartAsync(WithoutTrash, _folder.Path, time))
        {
            Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/a/manifests/{index.Digest}"));
            time.Advance(TimeSpan.FromHours(2));
            await registry.Host.Collector.RunAsync(default);
        }

        Assert.Matches("nothing has held or renewed it for 7200 s; it expires after 79200 s more", await ExplainAsync(0, child.Digest, TimeSpan.FromDays(1)));
        Assert.Matches("for 7200 s; it expires in the next cycle", await ExplainAsync(0, signature.Digest));
        var preview = await RunAsync(0, new GcRequest(IsDryRun: true));
        foreach (var digest in new[] { child.Digest, signature.Digest })
        {
            Assert.Contains(
                $"{digest} would expire in a: its index or subject was deleted, and nothing there has held it for 7200 s\n", preview, StringComparison.Ordinal);
            Assert.Contains($"{digest} would be removed, ", preview, StringComparison.Ordinal);
        }

        Assert.Contains("\n2 manifests, 0 links and 2 blobs of ", preview, StringComparison.Ordinal);
        Assert.Equal("Removed 2 manifests, 0 links and 2 blobs.\n", await RunAsync(0, new GcRequest()));
    }

    [Fact]
    public async Task It_leaves_the_trash_alone_and_says_what_that_keeps()
    {
        await FillAsync();
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path, time: new FakeTimeProvider()))
        {
            Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/a/manifests/{Image.Digest}"));
        }

        await RunAsync(0, new GcRequest());
        const string Hint = "The trash keeps it: 'registry trash ls' tells for how long, and 'registry trash purge' removes it. Both ask the running registry.\n";
        var layer = await ExplainAsync(0, Image.Blobs[^1].Digest);
        Assert.Contains("a links to it: only its trash needs it.\n", layer, StringComparison.Ordinal);
        Assert.Contains($"The deleted manifest {Image.Digest} in the trash of a refers to it.\n{Hint}", layer, StringComparison.Ordinal);
        Assert.Contains($"It was deleted from a, and is in its trash.\n{Hint}", await ExplainAsync(0, Image.Digest), StringComparison.Ordinal);
        Assert.EndsWith("0 manifests, 0 links and 0 blobs of 0 bytes would be removed. Nothing was changed.\n", await RunAsync(0, new GcRequest(IsDryRun: true)), StringComparison.Ordinal);

        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path))
        {
            Check.Status(200, await registry.Client.RequestAsync(
                "POST", $"/api/v1/trash/restore?repository=a&digest={Image.Digest}", [], ("Content-Type", "application/json")));
            Check.Status(200, await registry.Client.GetAnswerAsync("/v2/a/manifests/latest"));
        }
    }

    [Fact]
    public async Task Untagged_manifests_that_nothing_holds_are_listed_and_deleted_when_asked()
    {
        var (child, index, signature) = await FillWithIndexAsync();
        var tagged = TestImage.Create();
        TestImage later;
        var time = new FakeTimeProvider();
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path, time: time))
        {
            await registry.Client.PushAsync("b", tagged, "latest");
            time.Advance(TimeSpan.FromHours(2));
            later = await registry.Client.PushAsync("b", TestImage.Create());
            await registry.Host.Collector.SaveClockAsync();
        }

        // Pushed at the same time as the first ones by this clock; what is needed by the grace period has been asked for since.
        var listed = await RunAsync(0, new GcRequest(Untagged: new()));
        Assert.Contains($"a@{index.Digest} was last pushed no later than ", listed, StringComparison.Ordinal);
        Assert.Contains("nothing has held it for 7200 s\n", listed, StringComparison.Ordinal);
        Assert.Contains("\n1 more must stay for now: ", listed, StringComparison.Ordinal);
        Assert.EndsWith("\nHeld by nothing: 1 untagged manifest. Nothing was changed; 'registry gc --untagged --delete' deletes what it lists.\n", listed, StringComparison.Ordinal);
        Assert.DoesNotContain(child.Digest, listed, StringComparison.Ordinal);
        Assert.DoesNotContain(signature.Digest, listed, StringComparison.Ordinal);
        Assert.Equal(listed, await RunAsync(0, new GcRequest(Untagged: new())));

        var young = await RunAsync(0, new GcRequest(Untagged: new(TimeSpan.FromDays(30), IsDeletion: true)));
        Assert.StartsWith("Younger than --older-than: 1 more.", young, StringComparison.Ordinal);
        Assert.Contains("Deleted 0 untagged manifests.", young, StringComparison.Ordinal);

        using (var deleted = JsonDocument.Parse(await RunAsync(0, new GcRequest(Untagged: new(IsDeletion: true), IsJson: true))))
        {
            var manifest = Assert.Single(deleted.RootElement.GetProperty("manifests").EnumerateArray());
            Assert.Equal(("a", index.Digest), (manifest.GetProperty("repository").GetString(), manifest.GetProperty("digest").GetString()));
            Assert.True(deleted.RootElement.GetProperty("isDeleted").GetBoolean());
        }

        await using var again = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Check.Status(404, await again.Client.GetAnswerAsync($"/v2/a/manifests/{index.Digest}"));
        foreach (var path in new[] { $"a/manifests/{child.Digest}", $"a/manifests/{signature.Digest}", "b/manifests/latest", $"b/manifests/{later.Digest}" })
        {
            Check.Status(200, await again.Client.GetAnswerAsync($"/v2/{path}"));
        }
    }

    [Fact]
    public async Task It_says_of_a_referrer_that_the_next_cycle_follows_its_subject_and_a_list_of_untagged_manifests_follows_it_before()
    {
        // One more than a change of the subject holds or releases itself.
        var index = TestImage.Index([Image]);
        var signatures = Enumerable.Range(0, 33).Select(number => TestImage.Artifact($"application/vnd.example.signature.{number}", index)).ToList();
        var last = signatures[^1].Digest;
        var time = new FakeTimeProvider();
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path, time: time))
        {
            foreach (var signature in signatures)
            {
                await registry.Client.PushAsync("a", signature);
            }

            time.Advance(TimeSpan.FromHours(2));
            await registry.Host.Collector.SaveClockAsync();
        }

        // Its time stands still: no cycle of the collector runs.
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path, time: new FakeTimeProvider()))
        {
            await registry.Client.PushAsync("a", index, "multi");
        }

        Assert.Contains($": its subject {index.Digest} was pushed; the next cycle of the collector holds it.\n", await ExplainAsync(0, last), StringComparison.Ordinal);
        Assert.Contains($": held by its subject {index.Digest}.\n", await ExplainAsync(0, signatures[0].Digest), StringComparison.Ordinal);
        Assert.StartsWith("Held by nothing: 0 untagged manifests.", await RunAsync(0, new GcRequest(Untagged: new())), StringComparison.Ordinal);
        Assert.Contains($": held by its subject {index.Digest}.\n", await ExplainAsync(0, last), StringComparison.Ordinal);

        await using (var registry = await TestRegistry.StartAsync(WithoutTrash, _folder.Path, new FakeTimeProvider()))
        {
            Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/a/manifests/{index.Digest}"));
        }

        Assert.Contains(": its subject was deleted; the next cycle of the collector releases it.\n", await ExplainAsync(0, last), StringComparison.Ordinal);
        Assert.Contains("it expires after 3600 s more", await ExplainAsync(0, signatures[0].Digest), StringComparison.Ordinal);
        await RunAsync(0, new GcRequest());
        Assert.Contains("it expires after 3600 s more", await ExplainAsync(0, last), StringComparison.Ordinal);
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
            Assert.Equal(15, preview.RootElement.GetProperty("counts").GetProperty("bytes").GetInt64());
        }

        using (var explanation = JsonDocument.Parse(await RunAsync(0, new GcRequest(Explained: Digest.Parse(Image.Digest), IsJson: true))))
        {
            Assert.Equal("stored", explanation.RootElement.GetProperty("state").GetString());
            var manifest = Assert.Single(explanation.RootElement.GetProperty("manifestOf").EnumerateArray());
            Assert.Equal("a", manifest.GetProperty("repository").GetString());
            Assert.Equal("latest", Assert.Single(manifest.GetProperty("tags").EnumerateArray()).GetString());
            Assert.Equal(JsonValueKind.Null, manifest.GetProperty("idleSeconds").ValueKind);
            Assert.True(explanation.RootElement.GetProperty("isKnown").GetBoolean());
        }

        Assert.Equal("{\n  \"manifests\": 0,\n  \"links\": 1,\n  \"blobs\": 2\n}\n", await RunAsync(0, new GcRequest(IsJson: true)));
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

    // A deletion releases at once.
    private static RegistryOptions WithoutTrash(RegistryOptions options) => options with { Trash = TimeSpan.Zero };

    // An image that is needed, a blob that has not been for two hours, and bytes that the metadata does not know.
    private async Task FillAsync(bool isKilled = false, bool isReadOnly = false)
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(options => options with { GcGrace = isReadOnly ? TimeSpan.FromHours(1) : options.GcGrace }, _folder.Path, time);
        await registry.Client.PushAsync("a", Image, "latest");
        await registry.Client.PushBlobAsync("a", Unneeded);
        await registry.Host.Storage.Blobs.PutAsync(Digest.Parse(Unknown.Digest), Unknown.Bytes);
        if (isReadOnly)
        {
            registry.Host.ReadOnly.TurnOn();
        }

        time.Advance(TimeSpan.FromHours(2));
        if (isReadOnly)
        {
            Check.Status(200, await registry.Client.HeadAnswerAsync($"/v2/a/blobs/{Unneeded.Digest}"));
        }

        await registry.Host.Collector.SaveClockAsync();
        if (isKilled)
        {
            registry.Host.Storage.Health.Fail("killed");
        }
    }

    // An index without a tag, of one image, and a signature of the index.
    private async Task<(TestImage Child, TestImage Index, TestImage Signature)> FillWithIndexAsync()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path, time: new FakeTimeProvider());
        var index = await registry.Client.PushAsync("a", TestImage.Index([Image]));
        var signature = await registry.Client.PushAsync("a", TestImage.Artifact("application/vnd.example.signature", index));
        return (Image, index, signature);
    }

    private Task<string> ExplainAsync(int exitCode, string digest, TimeSpan? grace = null) =>
        RunAsync(exitCode, new GcRequest(Explained: Digest.Parse(digest)), grace);

    private async Task<string> RunAsync(int exitCode, GcRequest request, TimeSpan? grace = null)
    {
        var options = new RegistryOptions { StoragePath = _folder.Path, GcGrace = grace ?? TimeSpan.FromHours(1) };
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(exitCode, await GcCommand.RunAsync(
            CommandRun.Context(output), options, request, new FakeTimeProvider(), NullLoggerFactory.Instance, TestContext.Current.CancellationToken));
        return output.ToString();
    }
}
