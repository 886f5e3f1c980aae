using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.History;

/// <summary>Rollbacks of tags.</summary>
public abstract partial class TagHistoryContract
{
    private static readonly ChangeOrigin Undoing = new() { Source = ChangeSource.Request, Actor = "undoer", Request = "undo", Address = "192.0.2.7" };

    [Fact]
    public async Task A_rollback_to_a_digest_is_a_change_of_its_own()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(3));

        Assert.Equal(new Rollback(First, Second), (await RollBackAsync(RollbackTarget.To(First))).Value);

        Assert.Equal(First, await FindAsync());
        Assert.Equal(FirstImage, await GetAsync());
        var newest = (await ReadAsync())[0];
        Assert.Equal((First, Second, Undoing, Now), (newest.Digest, newest.Previous, newest.Origin, newest.Time));
        Assert.Equal((MediaTypes.OciManifest, FirstImage.Length), (newest.MediaType, newest.Size));
        Assert.Equal(3, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task A_rollback_may_set_a_tag_to_any_manifest_of_the_repository()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage, A, []);
        Assert.Equal(new Rollback(Second, First), (await RollBackAsync(RollbackTarget.To(Second))).Value);
        Assert.Equal(Second, await FindAsync());
    }

    [Fact]
    public async Task Without_a_target_a_tag_gets_the_manifest_before_the_current_one()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage);
        await PushAsync(ThirdImage);
        Assert.Equal(new Rollback(Second, Third), (await RollBackAsync(RollbackTarget.Previous)).Value);
        Assert.Equal(new Rollback(Third, Second), (await RollBackAsync(RollbackTarget.Previous)).Value);

        // What was deleted and pushed again has not been another one in between.
        await DeleteAsync(V1);
        await PushAsync(ThirdImage);
        await DeleteAsync(V1);
        await PushAsync(ThirdImage);
        Assert.Equal(new Rollback(Second, Third), (await RollBackAsync(RollbackTarget.Previous)).Value);
    }

    [Fact]
    public async Task The_previous_manifest_is_found_far_behind_changes_that_say_nothing()
    {
        await PushAsync(FirstImage);
        for (var i = 0; i < 120; i++)
        {
            await _engine.Metadata.PutManifestAsync(Samples.Put(A, SecondImage, "v1"));
            await DeleteAsync(V1);
        }

        await PushAsync(SecondImage);
        Assert.Equal(new Rollback(First, Second), (await RollBackAsync(RollbackTarget.Previous)).Value);
    }

    [Fact]
    public async Task A_tag_gets_what_it_was_at_a_time()
    {
        await PushAsync(FirstImage);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PushAsync(SecondImage);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await DeleteAsync(V1);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PushAsync(ThirdImage);

        Assert.Equal(new Rollback(First, Third), (await RollBackAsync(RollbackTarget.At(Now - TimeSpan.FromSeconds(21)))).Value);
        Assert.Equal(new Rollback(Second, First), (await RollBackAsync(RollbackTarget.At(Now - TimeSpan.FromSeconds(20)))).Value);
        var count = (await ReadAsync()).Count;
        foreach (var seconds in new[] { 5, 31 })
        {
            var refused = (await RollBackAsync(RollbackTarget.At(Now - TimeSpan.FromSeconds(seconds)))).Error;
            Assert.Same(RegistryErrorCode.RollbackImpossible, refused?.Code);
            Assert.StartsWith("there was no tag v1 at ", Assert.Single(refused!.Details), StringComparison.Ordinal);
        }

        Assert.Equal((Second, count), (await FindAsync(), (await ReadAsync()).Count));
    }

    [Fact]
    public async Task A_deleted_tag_comes_back()
    {
        await PushAsync(FirstImage);
        var created = Now;
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        await PushAsync(SecondImage);
        foreach (var (target, expected) in new[]
        {
            (RollbackTarget.Previous, Second), (RollbackTarget.To(First), First), (RollbackTarget.At(created), First),
        })
        {
            await DeleteAsync(V1);
            Assert.Equal(new Rollback(expected, null), (await RollBackAsync(target)).Value);
            Assert.Equal(expected, await FindAsync());
        }
    }

    [Fact]
    public async Task A_tag_that_is_what_it_should_be_is_left_without_a_change()
    {
        await PushAsync(FirstImage);
        var before = (await _engine.ReadChangesAsync()).Count;
        foreach (var target in new[] { RollbackTarget.To(First), RollbackTarget.At(Now), RollbackTarget.At(DateTimeOffset.MaxValue) })
        {
            var rolled = (await RollBackAsync(target)).Value;
            Assert.Equal((new Rollback(First, First), false), (rolled, rolled.IsChange));
        }

        Assert.Equal(before, (await _engine.ReadChangesAsync()).Count);
    }

    [Fact]
    public async Task A_manifest_that_is_gone_cannot_be_set_and_the_error_says_when_and_by_whom_it_was_removed()
    {
        await PushAsync(FirstImage);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        await PushAsync(SecondImage);
        await DeleteAsync(First);
        var when = Now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", System.Globalization.CultureInfo.InvariantCulture);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        foreach (var target in new[] { RollbackTarget.Previous, RollbackTarget.To(First), RollbackTarget.At(Now - TimeSpan.FromSeconds(2)) })
        {
            var refused = (await RollBackAsync(target)).Error;
            Assert.Same(RegistryErrorCode.RollbackImpossible, refused?.Code);
            Assert.Equal([$"{First} was removed at {when} UTC by tester; push it again, or choose another manifest"], refused!.Details);
        }

        Assert.Equal(Second, await FindAsync());
        Assert.Equal(2, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task What_never_was_there_is_unknown()
    {
        await PushAsync(FirstImage);
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await RollBackAsync(RollbackTarget.To(Second))).Error?.Code);
        Assert.Same(RegistryErrorCode.RollbackImpossible, (await RollBackAsync(RollbackTarget.Previous)).Error?.Code);
        foreach (var target in new[] { RollbackTarget.To(First), RollbackTarget.Previous, RollbackTarget.At(Now) })
        {
            Assert.Same(RegistryErrorCode.ManifestUnknown, (await RollBackAsync(target, tag: "v2")).Error?.Code);
        }

        Assert.Equal(["v1"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
    }

    [Fact]
    public async Task A_precondition_is_about_the_current_manifest()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage);
        foreach (var precondition in new[] { Precondition.Exactly(First), Precondition.Exactly(null), new Precondition { NoneMatch = [Second.Value] } })
        {
            var refused = await RollBackAsync(RollbackTarget.To(First), precondition);
            Assert.Same(RegistryErrorCode.PreconditionFailed, refused.Error?.Code);
        }

        Assert.Equal(new Rollback(First, Second), (await RollBackAsync(RollbackTarget.Previous, Precondition.Exactly(Second))).Value);
        await DeleteAsync(V1);
        Assert.Same(RegistryErrorCode.PreconditionFailed, (await RollBackAsync(RollbackTarget.Previous, new Precondition { Match = [] })).Error?.Code);
        Assert.Equal(new Rollback(First, null), (await RollBackAsync(RollbackTarget.Previous, Precondition.Exactly(null))).Value);
    }

    [Fact]
    public async Task A_tag_that_moves_meanwhile_is_not_set_to_the_previous_manifest_of_another_one()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage);
        var moves = MoveWhileAsked(ThirdImage);
        var refused = (await RollBackAsync(RollbackTarget.Previous)).Error;
        Assert.Equal(1, moves());
        Assert.Same(RegistryErrorCode.RollbackImpossible, refused?.Code);
        Assert.StartsWith("another request has moved v1 meanwhile", Assert.Single(refused!.Details), StringComparison.Ordinal);
        Assert.Equal(Third, await FindAsync());

        // With a condition of the caller, it is the condition that does not hold.
        moves = MoveWhileAsked(SecondImage);
        refused = (await RollBackAsync(RollbackTarget.To(First), Precondition.Exactly(Third))).Error;
        Assert.Equal(1, moves());
        Assert.Same(RegistryErrorCode.PreconditionFailed, refused?.Code);
        Assert.Equal(Second, await FindAsync());
    }

    [Fact]
    public async Task A_named_manifest_is_set_although_the_tag_moves_meanwhile()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage);
        var moves = MoveWhileAsked(ThirdImage);
        Assert.Equal(new Rollback(First, Third), (await RollBackAsync(RollbackTarget.To(First))).Value);
        Assert.Equal(1, moves());
        Assert.Equal([First, Third, Second, First], (await ReadAsync()).Select(entry => entry.Digest));
    }

    [Fact]
    public async Task A_rule_may_refuse_a_rollback()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage);
        var asked = new List<(Digest?, Digest?)>();
        _engine.Rules.Tag = change =>
        {
            asked.Add((change.Before, change.After));
            return new RegistryError(RegistryErrorCode.Denied, "immutable");
        };

        var refused = await RollBackAsync(RollbackTarget.Previous);

        Assert.Same(RegistryErrorCode.Denied, refused.Error?.Code);
        Assert.All(asked, change => Assert.Equal((Second, First), change));
        Assert.Equal(Second, await FindAsync());
        Assert.Equal(2, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task A_manifest_whose_references_are_gone_may_be_set_as_it_may_be_pulled()
    {
        var index = Samples.Index([Samples.Child(SecondImage)]);
        await PushAsync(index);
        await PushAsync(FirstImage);
        Assert.Equal(new Rollback(Samples.Digest(index), First), (await RollBackAsync(RollbackTarget.Previous)).Value);
        Assert.Equal(MediaTypes.OciIndex, (await _engine.Metadata.FindManifestAsync(A, V1))?.MediaType);
    }

    // Another request moves the tag after the rollback has read it, and before it is set.
    private Func<int> MoveWhileAsked(byte[] image)
    {
        var moves = 0;
        _engine.Rules.Tag = change =>
        {
            if (change.Origin == Undoing && Interlocked.Exchange(ref moves, 1) == 0)
            {
                // The question of the check, outside of a transaction.
                Assert.Null(Task.Run(() => _engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v1") with { Staged = image })).GetAwaiter().GetResult().Error);
            }

            return null;
        };
        return () =>
        {
            _engine.Rules.Allow();
            return moves;
        };
    }

    private Task<Result<Rollback>> RollBackAsync(RollbackTarget target, Precondition? precondition = null, string tag = "v1") =>
        _operations.Rollbacks.RollBackAsync(A, Tag.Parse(tag), target, precondition ?? Precondition.None, Undoing, default);

    private async Task<Digest?> FindAsync() => (await _engine.Metadata.FindManifestAsync(A, V1))?.Digest;

    private async Task<byte[]> GetAsync()
    {
        var (_, content) = (await _operations.Manifests.GetAsync(A, V1)).Value;
        await using (content)
        {
            return (await content.ReadAsync()).ToArray();
        }
    }
}
