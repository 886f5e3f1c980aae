using Microsoft.Extensions.Time.Testing;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Storage.Contracts;

namespace Registry.Storage.Postgres.Tests;

/// <summary>
/// Pairs of changes, the second of which begins while the first has decided and not committed. Each pair would lose data if both decided on what their own statements
/// see. A transaction of the test stops the first one where the test needs it; nothing depends on time.
/// </summary>
public sealed class InterleavingTests : IAsyncLifetime
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly RepositoryName C = Samples.Repository("c");
    private static readonly Digest Layer = Samples.Digest("layer");
    private static readonly byte[] Child = Samples.Image("config", [], note: "child");
    private static readonly byte[] Index = Samples.Index([Samples.Child(Child), Samples.Layer("layer")]);
    private static readonly byte[] Image = Samples.Image("layer", [], note: "image");

    private TestDatabase _database = null!;
    private PostgresDatabase _node = null!;
    private PostgresDatabase _otherNode = null!;
    private PostgresMetadataStore _metadata = null!;
    private PostgresMetadataStore _other = null!;
    private PostgresRepositories _otherRepositories = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();

        // A change that waits in a test waits for the test, for as long as that takes on a busy machine.
        var settings = _database.Settings with { LockTimeout = Patience.Limit };
        _node = await PostgresDatabase.OpenAsync(settings);
        _otherNode = await PostgresDatabase.OpenAsync(settings);
        _metadata = new PostgresMetadataStore(_node, new FakeTimeProvider(), NoRules.Instance);
        _other = new PostgresMetadataStore(_otherNode, new FakeTimeProvider(), NoRules.Instance);
        _otherRepositories = new PostgresRepositories(_otherNode, new FakeTimeProvider(), NoRules.Instance);
        await _metadata.LinkBlobAsync(A, Layer, 5);
        await _metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);

        // The rows of the content and of the repository exist, so that a change does not wait for another that adds them.
        await _metadata.LinkBlobAsync(B, Samples.Digest("config"), 6);
        await _metadata.LinkBlobAsync(B, Samples.Digest("late"), 4);
        Assert.Null((await _metadata.PutManifestAsync(Samples.Put(B, Child))).Error);
        await PutAsync(Samples.Image("config", [], note: "first"));
    }

    [Fact]
    public async Task A_blob_is_needed_after_a_push_beside_the_deletion_of_the_only_other_manifest_that_needs_it()
    {
        await PutAsync(Child);
        await PutAsync(Index);

        // The deletion has released the layer, and waits for the row of the child.
        await using var stop = await StopAsync("SELECT id FROM manifests m WHERE EXISTS (SELECT 1 FROM content c WHERE c.id = m.content_id AND c.digest = $1) FOR UPDATE", Child);
        var deletion = _metadata.DeleteManifestAsync(A, Samples.Digest(Index), Precondition.None);
        await _database.WaitForWaitersAsync(1);
        var push = _other.PutManifestAsync(Samples.Put(A, Image));
        await SettledAsync(push);
        await stop.EndAsync();

        Assert.Null((await deletion).Error);
        Assert.Null((await push).Error);
        await AssertNeededAsync();
    }

    [Fact]
    public async Task A_blob_is_needed_after_the_deletion_of_the_only_other_manifest_that_needs_it_beside_a_push()
    {
        await PutAsync(Child);
        await PutAsync(Index);

        // The push has added its references, and waits for the tag.
        await using var stop = await StopAsync(
            """
            INSERT INTO tags (repository_id, name, manifest_id)
            SELECT m.repository_id, 'stop', m.id FROM manifests m JOIN content c ON c.id = m.content_id WHERE c.digest = $1
            """,
            Child);
        var push = _metadata.PutManifestAsync(Samples.Put(A, Image, "stop"));
        await _database.WaitForWaitersAsync(1);
        var deletion = _other.DeleteManifestAsync(A, Samples.Digest(Index), Precondition.None);
        await SettledAsync(deletion);
        await stop.EndAsync();

        Assert.Null((await push).Error);
        Assert.Null((await deletion).Error);
        await AssertNeededAsync();
    }

    [Fact]
    public async Task A_push_beside_a_rename_goes_along()
    {
        // The push has decided, and waits to record its change.
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var push = _metadata.PutManifestAsync(Samples.Put(A, Image, "v1"));
        await _database.WaitForWaitersAsync(1);
        var rename = _otherRepositories.RenameAsync(A, C, ContractOrigin.Request);
        await SettledAsync(rename);
        await stop.EndAsync();

        Assert.Null((await push).Error);
        Assert.Null(await rename);
        Assert.Equal(Samples.Digest(Image), (await _metadata.FindManifestAsync(C, Tag.Parse("v1")))?.Digest);
        Assert.False(await _otherRepositories.ExistsAsync(A));
    }

    [Fact]
    public async Task A_rename_beside_a_push_leaves_it_without_its_blobs()
    {
        // The rename has decided, and waits to record its change.
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var rename = _otherRepositories.RenameAsync(A, C, ContractOrigin.Request);
        await _database.WaitForWaitersAsync(1);
        var push = _metadata.PutManifestAsync(Samples.Put(A, Image, "v1"));
        await SettledAsync(push);
        await stop.EndAsync();

        Assert.Null(await rename);
        Assert.Same(RegistryErrorCode.ManifestBlobUnknown, (await push).Error?.Code);
        Assert.Null(await _metadata.FindManifestAsync(C, Samples.Digest(Image)));
        Assert.NotNull(await _metadata.FindBlobAsync(C, Layer));
        Assert.False(await _otherRepositories.ExistsAsync(A));
    }

    [Fact]
    public async Task A_push_to_the_new_name_beside_a_rename_is_not_mixed_with_it()
    {
        // The push has made the repository, and waits to record its change.
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var push = _metadata.LinkBlobAsync(C, Samples.Digest("late"), 4);
        await _database.WaitForWaitersAsync(1);
        var rename = _otherRepositories.RenameAsync(A, C, ContractOrigin.Request);
        await SettledAsync(rename);
        await stop.EndAsync();

        Assert.Null(await push);
        Assert.Same(RegistryErrorCode.RenameImpossible, (await rename)?.Code);
        Assert.Null(await _metadata.FindBlobAsync(C, Layer));
        Assert.NotNull(await _metadata.FindBlobAsync(A, Layer));
    }

    [Fact]
    public async Task A_mount_beside_the_removal_of_the_last_link_finds_no_blob()
    {
        // The removal has found nothing that has the blob, and waits to record its change.
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var removal = _metadata.UnlinkBlobAsync(A, Layer);
        await _database.WaitForWaitersAsync(1);
        var mount = _other.MountBlobAsync(A, B, Layer);
        await SettledAsync(mount);
        await stop.EndAsync();

        Assert.Null((await removal).Error);
        Assert.False((await mount).Value);
        Assert.Null(await _metadata.FindBlobAsync(B, Layer));
        Assert.Equal(2L, await _database.RunAsync($"SELECT state FROM content WHERE digest = '{Layer}'"));
    }

    [Fact]
    public async Task The_removal_of_the_last_link_beside_a_mount_leaves_a_blob()
    {
        // The mount has added its link, and waits to record its change.
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var mount = _metadata.MountBlobAsync(A, B, Layer);
        await _database.WaitForWaitersAsync(1);
        var removal = _other.UnlinkBlobAsync(A, Layer);
        await SettledAsync(removal);
        await stop.EndAsync();

        Assert.True((await mount).Value);
        Assert.Null((await removal).Error);
        Assert.NotNull(await _metadata.FindBlobAsync(B, Layer));
        Assert.Null(await _metadata.FindBlobAsync(A, Layer));
    }

    [Fact]
    public async Task A_manifest_that_is_pushed_beside_the_index_that_lists_it_is_held()
    {
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var index = _metadata.PutManifestAsync(Samples.Put(A, Index));
        await _database.WaitForWaitersAsync(1);
        var child = _other.PutManifestAsync(Samples.Put(A, Child));
        await SettledAsync(child);
        await stop.EndAsync();

        Assert.Null((await index).Error);
        Assert.Null((await child).Error);
        Assert.Null((await _metadata.FindManifestAsync(A, Samples.Digest(Child)))!.IdleSince);
    }

    [Fact]
    public async Task A_referrer_that_is_pushed_beside_its_subject_is_held()
    {
        var referrer = Samples.Image("config", [], Samples.Child(Child), note: "referrer");
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var push = _metadata.PutManifestAsync(Samples.Put(A, referrer));
        await _database.WaitForWaitersAsync(1);
        var subject = _other.PutManifestAsync(Samples.Put(A, Child));
        await SettledAsync(subject);
        await stop.EndAsync();

        Assert.Null((await push).Error);
        Assert.Null((await subject).Error);
        Assert.Null((await _metadata.FindManifestAsync(A, Samples.Digest(referrer)))!.IdleSince);
    }

    [Fact]
    public async Task A_blob_that_is_linked_beside_the_manifest_that_needs_it_is_not_idle()
    {
        var put = Samples.Put(A, Samples.Image("config", [Samples.Layer("late")])).Requiring(ManifestReferences.Sparse);
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var push = _metadata.PutManifestAsync(put);
        await _database.WaitForWaitersAsync(1);
        var link = _other.LinkBlobAsync(A, Samples.Digest("late"), 4);
        await SettledAsync(link);
        await stop.EndAsync();

        Assert.Null((await push).Error);
        Assert.Null(await link);
        Assert.Null((await _metadata.FindBlobAsync(A, Samples.Digest("late")))!.IdleSince);
    }

    [Fact]
    public async Task Of_two_pushes_that_expect_no_tag_one_succeeds()
    {
        Task<Core.Errors.Result<IReadOnlyList<MovedTag>?>> PushAsync(IMetadataStore metadata, byte[] image) =>
            metadata.PutManifestAsync(Samples.Put(A, image, "new") with { Precondition = new Precondition { NoneMatch = [] } });
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var first = PushAsync(_metadata, Child);
        await _database.WaitForWaitersAsync(1);
        var second = PushAsync(_other, Image);
        await SettledAsync(second);
        await stop.EndAsync();

        Assert.Null((await first).Error);
        Assert.Same(Core.Errors.RegistryErrorCode.PreconditionFailed, (await second).Error?.Code);
    }

    [Fact]
    public async Task A_tag_that_moves_beside_another_from_the_same_manifest_leaves_that_idle()
    {
        var other = Samples.Image("config", [], note: "other");
        await PutAsync(Child, "x", "y");
        await PutAsync(Image);
        await PutAsync(other);
        await using var stop = await StopAsync("LOCK TABLE changes IN SHARE MODE");
        var first = _metadata.PutManifestAsync(Samples.Put(A, Image, "x"));
        await _database.WaitForWaitersAsync(1);
        var second = _other.PutManifestAsync(Samples.Put(A, other, "y"));
        await SettledAsync(second);
        await stop.EndAsync();

        Assert.Null((await first).Error);
        Assert.Null((await second).Error);
        Assert.NotNull((await _metadata.FindManifestAsync(A, Samples.Digest(Child)))!.IdleSince);
    }

    [Fact]
    public async Task Changes_of_different_repositories_do_not_wait_for_each_other()
    {
        await _metadata.MountBlobAsync(A, B, Layer);
        await using var stop = await StopAsync("SELECT pg_advisory_xact_lock(1380271873, hashtext('a'))");
        var waiting = _metadata.PutManifestAsync(Samples.Put(A, Image));
        await _database.WaitForWaitersAsync(1);

        Assert.Null((await _other.PutManifestAsync(Samples.Put(B, Image, "v1"))).Error);

        await stop.EndAsync();
        Assert.Null((await waiting).Error);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _otherNode.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task PutAsync(byte[] manifest, params string[] tags) =>
        Assert.Null((await _metadata.PutManifestAsync(Samples.Put(A, manifest, tags))).Error);

    // The first change waits for the test. The second one either waits, too, for the first or for the test, or has ended.
    private async Task SettledAsync(Task second) => await Eventually.HoldsAsync(
        async () => second.IsCompleted || await _database.CountWaitersAsync() == 2, "the second change has ended or waits");

    // A link that is idle would expire, although a manifest needs it.
    private async Task AssertNeededAsync()
    {
        var link = await _metadata.FindBlobAsync(A, Layer);
        Assert.NotNull(link);
        Assert.Null(link.IdleSince);
        Assert.NotNull(await _metadata.FindManifestAsync(A, Samples.Digest(Image)));
    }

    private async Task<HeldTransaction> StopAsync(string sql, byte[]? manifest = null)
    {
        // The pass that gives positions to changes would wait, too.
        await _node.PassFeedAsync();
        return await HeldTransaction.BeginAsync(_database, sql, manifest is null ? [] : [Samples.Digest(manifest).Value]);
    }
}
