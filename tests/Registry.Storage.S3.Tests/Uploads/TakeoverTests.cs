using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;

namespace Registry.Storage.S3.Tests.Uploads;

/// <summary>
/// Two processes and one upload: the first one is frozen or dies at a bad moment, the second takes the upload over. The store fences nobody, so what the first
/// has sent may arrive at any time.
/// </summary>
public sealed class TakeoverTests(Gateway gateway) : IAsyncDisposable
{
    private const int PartSize = 5 * 1024 * 1024;

    private static readonly byte[] Content = Samples.Bytes(1, (2 * PartSize) + 1_000_000);

    private readonly S3Engine _engine = new(gateway.NewSettings());
    private readonly Guid _id = Guid.NewGuid();

    [Fact]
    public async Task A_late_part_of_a_process_that_lost_the_upload_is_never_part_of_a_blob()
    {
        var reached = new TaskCompletionSource();
        var thawed = new TaskCompletionSource();
        using var frozen = _engine.OpenProcess(new Interference(async (request, send) =>
        {
            if (IsPart(request, 2))
            {
                reached.SetResult();
                await thawed.Task;
            }

            return await send();
        }).Around);
        await using var lost = frozen.UploadBytes.Open(_id, 0);
        await lost.AppendAsync(new(Content[..PartSize]), null);
        var late = lost.AppendAsync(new(Samples.Bytes(9, PartSize + 1)), null);
        await reached.Task.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

        await using var taken = _engine.UploadBytes.Open(_id, PartSize);
        await taken.AppendAsync(new(Content[PartSize..]), null);
        thawed.SetResult();

        // The bytes of the first process are now in the place of those that the second was told are stored.
        await Assert.ThrowsAsync<StorageException>(() => late);
        var refused = await Assert.ThrowsAsync<StorageException>(() => taken.CommitAsync(Samples.Digest(Content)));
        Assert.Contains("InvalidPart", refused.Message, StringComparison.Ordinal);
        await _engine.UploadBytes.DiscardAsync(_id);
        Assert.Empty(await _engine.Blobs.ListAsync(cancellationToken: TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));

        await using var again = _engine.UploadBytes.Open(_id, 0);
        await again.AppendAsync(new(Content), null);
        await AssertCommittedAsync(again, Content);
    }

    [Fact]
    public async Task A_process_that_lost_the_upload_sends_no_part_any_more_and_discards_nothing()
    {
        using var first = _engine.OpenProcess();
        await using var lost = first.UploadBytes.Open(_id, 0);
        await lost.AppendAsync(new(Content[..(PartSize + 1)]), null);

        await using var taken = _engine.UploadBytes.Open(_id, PartSize);
        await taken.AppendAsync(new(Content[PartSize..]), null);
        await Assert.ThrowsAsync<StorageException>(() => lost.AppendAsync(new(Samples.Bytes(9, PartSize)), null));
        Assert.Equal(PartSize, lost.Length);
        await Assert.ThrowsAsync<StorageException>(() => lost.CommitAsync(Samples.Digest(Content)));
        await first.UploadBytes.DiscardAsync(_id);

        await AssertCommittedAsync(taken, Content);
    }

    [Fact]
    public async Task A_process_that_lost_the_upload_and_drops_its_bytes_leaves_the_parts_to_the_next_one()
    {
        using var first = _engine.OpenProcess();
        await using var lost = first.UploadBytes.Open(_id, 0);
        await lost.AppendAsync(new(Content[..(PartSize + 1)]), null);

        await using var taken = _engine.UploadBytes.Open(_id, PartSize);
        await taken.AppendAsync(new(Content[PartSize..]), null);
        await Assert.ThrowsAsync<StorageException>(() => lost.TruncateAsync(0));

        Assert.Equal(0, await first.DeleteDueAsync(TestContext.Current.CancellationToken));
        await AssertCommittedAsync(taken, Content);
    }

    [Fact]
    public async Task A_number_that_was_sent_and_not_acknowledged_is_sent_again_before_others()
    {
        var isDead = false;
        using var first = _engine.OpenProcess(new Interference(async (request, send) =>
        {
            Assert.False(isDead);
            var answer = await send();
            isDead = IsPart(request, 2);
            return isDead ? throw new InvalidOperationException("The process has died.") : answer;
        }).Around);
        await using (var dying = first.UploadBytes.Open(_id, 0))
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => dying.AppendAsync(new(Samples.Bytes(1, (2 * PartSize) + 1)), null));
        }

        // Fewer bytes than had been sent under that number.
        var whole = Content[..(PartSize + 100_000)];
        await using var taken = _engine.UploadBytes.Open(_id, PartSize);
        await taken.AppendAsync(new(whole[PartSize..]), null);
        await AssertCommittedAsync(taken, whole);
    }

    [Fact]
    public async Task When_the_answer_to_joining_the_parts_was_lost_it_is_repeated_and_gives_the_same_blob()
    {
        using var other = _engine.OpenProcess(LosingTheAnswerToJoining(diesThen: false).Around);
        await using var upload = other.UploadBytes.Open(_id, 0);
        await upload.AppendAsync(new(Content), null);
        await AssertCommittedAsync(upload, Content);
    }

    [Fact]
    public async Task When_a_process_has_died_while_it_joined_the_parts_the_next_one_gets_the_same_blob()
    {
        using (var first = _engine.OpenProcess(LosingTheAnswerToJoining(diesThen: true).Around))
        {
            await using var dying = first.UploadBytes.Open(_id, 0);
            await dying.AppendAsync(new(Content), null);
            await Assert.ThrowsAsync<InvalidOperationException>(() => dying.CommitAsync(Samples.Digest(Content)));
        }

        await using var taken = _engine.UploadBytes.Open(_id, Content.Length);
        using var hash = DigestAlgorithm.Sha256.CreateHash();
        await taken.HashAsync(hash);
        Assert.Equal(Samples.Digest(Content), Digest.FromHash(DigestAlgorithm.Sha256, hash.GetCurrentHash()));
        await AssertCommittedAsync(taken, Content);
    }

    [Fact]
    public async Task An_upload_whose_parts_are_joined_takes_no_more_bytes_and_begins_again()
    {
        await using (var first = _engine.UploadBytes.Open(_id, 0))
        {
            using var hash = DigestAlgorithm.Sha256.CreateHash();
            await first.AppendAsync(new(Content), null);
            await first.HashAsync(hash);
        }

        await using (var taken = _engine.UploadBytes.Open(_id, Content.Length))
        {
            await Assert.ThrowsAsync<StorageException>(() => taken.AppendAsync(new(Content), null));
            Assert.Equal(0, taken.Length);
        }

        await using var again = _engine.UploadBytes.Open(_id, 0);
        await again.AppendAsync(new(Content), null);
        await AssertCommittedAsync(again, Content);
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private static bool IsPart(HttpRequestMessage request, int number) =>
        request.Method == HttpMethod.Put && request.RequestUri!.Query.Contains($"partNumber={number}&", StringComparison.Ordinal);

    private static Interference LosingTheAnswerToJoining(bool diesThen)
    {
        var isLost = false;
        return new Interference(async (request, send) =>
        {
            Assert.False(isLost && diesThen);
            var answer = await send();
            if (isLost || request.Method != HttpMethod.Post || !request.RequestUri!.Query.Contains("uploadId", StringComparison.Ordinal))
            {
                return answer;
            }

            Assert.True(answer.IsSuccessStatusCode);
            isLost = true;
            throw diesThen ? new InvalidOperationException("The process has died.") : new HttpRequestException("The answer is lost.", new IOException("reset"));
        });
    }

    // One blob, and nothing else in the store.
    private async Task AssertCommittedAsync(IUploadContent upload, byte[] content)
    {
        var place = await upload.CommitAsync(Samples.Digest(content));
        Assert.Equal(content, await _engine.Blobs.ReadAsync(place));
        Assert.Equal([place.Key], await _engine.Blobs.ListAsync(cancellationToken: TestContext.Current.CancellationToken)
            .Select(found => found.Key).ToListAsync(TestContext.Current.CancellationToken));
    }
}
