using Registry.Core.Caching;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Core.Tests.Caching;

/// <summary>Answers from memory, and the changes during which no answer may come from memory.</summary>
public sealed class MetadataCacheTests : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Tag Latest = Tag.Parse("latest");
    private static readonly Digest Blob = Samples.Digest("blob");
    private static readonly byte[] Old = Samples.Index([], Samples.Child([1]));
    private static readonly byte[] New = Samples.Index([], Samples.Child([2]));

    private readonly SqliteEngine _engine = new();
    private readonly MetadataCache _cache = new(1024 * 1024);
    private readonly GatedMetadataStore _store;
    private readonly CachedMetadataStore _metadata;

    public MetadataCacheTests()
    {
        _store = new GatedMetadataStore(_engine.Metadata);
        _metadata = new CachedMetadataStore(_store, _cache);
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task An_answer_is_given_again_without_asking_and_without_a_new_task()
    {
        await PutAsync(Old);
        await _metadata.LinkBlobAsync(A, Blob, 4);
        Assert.Equal(Samples.Digest(Old), await TagAsync());
        Assert.Equal(4, await _metadata.FindSizeAsync(A, Blob));
        var questions = _store.Questions;
        Assert.Same(_metadata.FindManifestAsync(A, Latest), _metadata.FindManifestAsync(A, Latest));
        Assert.Same(_metadata.FindBlobAsync(A, Blob), _metadata.FindBlobAsync(A, Blob));
        Assert.Equal(questions, _store.Questions);
        Assert.Equal(Samples.Digest(Old), await TagAsync());
    }

    [Fact]
    public async Task That_something_is_not_there_is_not_kept()
    {
        Assert.Null(await TagAsync());
        Assert.Null(await TagAsync());
        Assert.Null(await _metadata.FindBlobAsync(A, Blob));
        Assert.Equal(3, _store.Questions);
        Assert.Equal(0, _cache.Count);
    }

    [Fact]
    public async Task An_answer_that_a_change_has_overtaken_is_not_kept()
    {
        await PutAsync(Old);
        var (held, reached) = (new TaskCompletionSource(), new TaskCompletionSource());
        _store.AfterQuestion = () =>
        {
            reached.TrySetResult();
            return held.Task;
        };
        var slow = TagAsync();
        await reached.Task;
        await PutAsync(New);
        _store.AfterQuestion = () => Task.CompletedTask;
        held.SetResult();

        // Asked before the change, so the old answer is right; every later query gets the new one.
        Assert.Equal(Samples.Digest(Old), await slow);
        Assert.Equal(Samples.Digest(New), await TagAsync());
        Assert.Equal(Samples.Digest(New), await TagAsync());
    }

    [Fact]
    public async Task No_reader_sees_the_old_state_after_another_has_seen_a_change_that_is_not_answered_yet()
    {
        await PutAsync(Old);
        Assert.Equal(Samples.Digest(Old), await TagAsync());
        var (held, reached) = (new TaskCompletionSource(), new TaskCompletionSource());
        _store.AfterChange = () =>
        {
            reached.SetResult();
            return held.Task;
        };
        var putting = PutAsync(New);
        await reached.Task;
        Assert.Equal(Samples.Digest(New), (await _engine.Metadata.FindManifestAsync(A, Latest))?.Digest);
        Assert.Equal(Samples.Digest(New), await TagAsync());
        held.SetResult();
        await putting;
        Assert.Equal(Samples.Digest(New), await TagAsync());
    }

    [Fact]
    public async Task Nothing_is_kept_while_a_change_is_under_way()
    {
        await PutAsync(Old);
        var held = new TaskCompletionSource();
        _store.AfterChange = () => held.Task;
        var putting = PutAsync(New);
        await TagAsync();
        await TagAsync();
        Assert.Equal(2, _store.Questions);
        Assert.Equal(0, _cache.Count);
        held.SetResult();
        await putting;
    }

    [Fact]
    public async Task A_change_of_unknown_outcome_makes_the_next_reader_query()
    {
        await PutAsync(Old);
        await TagAsync();
        _store.AfterChange = () => throw new StorageException("the disk has gone");
        await Assert.ThrowsAsync<StorageException>(() => PutAsync(New));
        Assert.Equal(Samples.Digest(New), await TagAsync());
        var questions = _store.Questions;
        await TagAsync();
        Assert.Equal(questions, _store.Questions);
    }

    [Fact]
    public async Task An_answer_about_a_link_that_expires_meanwhile_is_not_kept()
    {
        var collector = new CachedCollectorMetadata(_engine.Collector, _cache);
        await _metadata.LinkBlobAsync(A, Blob, 4);
        Assert.Equal(4, await _metadata.FindSizeAsync(A, Blob));
        var (held, reached) = (new TaskCompletionSource(), new TaskCompletionSource());
        _store.AfterQuestion = () =>
        {
            reached.TrySetResult();
            return held.Task;
        };
        await _metadata.LinkBlobAsync(A, Blob, 4);
        var slow = _metadata.FindBlobAsync(A, Blob);
        await reached.Task;
        Assert.Single(await collector.ExpireLinksAsync(_engine.IdleBefore(1), 10));
        _store.AfterQuestion = () => Task.CompletedTask;
        held.SetResult();
        Assert.Equal(4, (await slow)?.Size);
        Assert.Null(await _metadata.FindBlobAsync(A, Blob));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_about_a_blob_is_not_given_again_when_its_manifest_goes(bool expires)
    {
        var image = Samples.Image("blob", []);
        await _metadata.LinkBlobAsync(A, Blob, 4);
        await PutAsync(image, []);
        Assert.Equal(new StoredBlob(4, Blob), await _metadata.FindBlobAsync(A, Blob));
        Assert.Equal(1, _store.Questions);
        await _metadata.FindBlobAsync(A, Blob);
        Assert.Equal(1, _store.Questions);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        if (expires)
        {
            var collector = new CachedCollectorMetadata(_engine.Collector, _cache);
            Assert.Single(await collector.ExpireManifestsAsync(A, [Samples.Digest(image)], _engine.IdleBefore(10), withRoots: true));
        }
        else
        {
            await _metadata.DeleteManifestAsync(A, Samples.Digest(image), Precondition.None);
        }

        Assert.Equal(new StoredBlob(4, Blob, IdleSince: 10), await _metadata.FindBlobAsync(A, Blob));
    }

    [Fact]
    public async Task An_answer_about_an_idle_blob_is_not_given_again_when_a_manifest_needs_it()
    {
        await _metadata.LinkBlobAsync(A, Blob, 4);
        Assert.Equal(0, (await _metadata.FindBlobAsync(A, Blob))?.IdleSince);
        await PutAsync(Samples.Image("blob", []), []);
        Assert.Equal((4L, null), await _metadata.FindBlobAsync(A, Blob) is { } needed ? (needed.Size, needed.IdleSince) : default);
    }

    [Fact]
    public async Task Answers_about_other_blobs_are_kept_when_a_manifest_is_pushed()
    {
        // Some may share their stamp with the blob of the manifest, but not all.
        var others = Enumerable.Range(0, 10).Select(number => Samples.Digest($"other {number}")).ToList();
        await _metadata.LinkBlobAsync(A, Blob, 4);
        await Task.WhenAll(others.Select(other => _metadata.LinkBlobAsync(A, other, 5)));
        foreach (var other in others)
        {
            await _metadata.FindBlobAsync(A, other);
        }

        await PutAsync(Samples.Image("blob", []), []);
        var questions = _store.Questions;
        foreach (var other in others)
        {
            await _metadata.FindBlobAsync(A, other);
        }

        Assert.InRange(_store.Questions - questions, 0, others.Count - 1);
    }

    [Fact]
    public async Task An_answer_about_a_blob_is_not_kept_while_its_manifest_is_being_deleted()
    {
        var image = Samples.Image("blob", []);
        await _metadata.LinkBlobAsync(A, Blob, 4);
        await PutAsync(image, []);
        await _metadata.FindBlobAsync(A, Blob);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        var (held, reached) = (new TaskCompletionSource(), new TaskCompletionSource());
        _store.AfterChange = () =>
        {
            reached.TrySetResult();
            return held.Task;
        };
        var deleting = _metadata.DeleteManifestAsync(A, Samples.Digest(image), Precondition.None);
        await reached.Task;
        Assert.Equal(10, (await _metadata.FindBlobAsync(A, Blob))?.IdleSince);
        held.SetResult();
        await deleting;
        Assert.Equal(10, (await _metadata.FindBlobAsync(A, Blob))?.IdleSince);
    }

    [Fact]
    public async Task A_renewal_replaces_the_answers_about_what_it_renews()
    {
        await _metadata.LinkBlobAsync(A, Blob, 4);
        await PutAsync(Old, []);
        Assert.Equal(0, (await _metadata.FindBlobAsync(A, Blob))?.IdleSince);
        Assert.Equal(0, (await _metadata.FindManifestAsync(A, Samples.Digest(Old)))?.IdleSince);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.True(await _metadata.RenewBlobAsync(A, Blob));
        Assert.True(await _metadata.RenewManifestAsync(A, Samples.Digest(Old)));
        Assert.Equal(10, (await _metadata.FindBlobAsync(A, Blob))?.IdleSince);
        Assert.Equal(10, (await _metadata.FindManifestAsync(A, Samples.Digest(Old)))?.IdleSince);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answers_are_kept_between_the_turns_that_release_referrers(bool pushWaits)
    {
        var collector = new CachedCollectorMetadata(_engine.Collector, _cache);
        var subject = Samples.Index([], Samples.Child([3]));
        var referrers = Enumerable.Range(0, SubjectRows.SettledAtOnce + (3 * SubjectRows.RowsPerTurn))
            .Select(number => Samples.Index([Samples.Child(Samples.Text($"{number}"))], Samples.Child(subject, MediaTypes.OciIndex))).ToList();
        await PutAsync(Old);
        await PutAsync(subject, "subject");
        await Task.WhenAll(referrers.Select(referrer => PutAsync(referrer, [])));
        await _metadata.DeleteManifestAsync(A, Samples.Digest(subject), Precondition.None);
        var unsettled = Assert.Single(await collector.ListUnsettledSubjectsAsync(10));
        var last = Samples.Digest(referrers[^1]);
        Assert.Null((await _metadata.FindManifestAsync(A, last))!.IdleSince);

        Assert.True(await TurnAsync());

        Assert.Equal(Samples.Digest(Old), await TagAsync());
        var questions = _store.Questions;
        Assert.Equal(Samples.Digest(Old), await TagAsync());
        Assert.Equal(questions, _store.Questions);
        while (await TurnAsync())
        {
        }

        Assert.NotNull((await _metadata.FindManifestAsync(A, last))!.IdleSince);

        Task<bool> TurnAsync() => pushWaits ? _metadata.ReleaseReferrersAsync(A, unsettled.Subject) : collector.SettleReferrersAsync(unsettled);
    }

    private Task PutAsync(byte[] manifest) => PutAsync(manifest, "latest");

    private async Task PutAsync(byte[] manifest, params string[] tags) => Assert.Null((await _metadata.PutManifestAsync(Samples.Put(A, manifest, tags).Requiring(ManifestReferences.Sparse))).Error);

    private async Task<Digest?> TagAsync() => (await _metadata.FindManifestAsync(A, Latest))?.Digest;
}
