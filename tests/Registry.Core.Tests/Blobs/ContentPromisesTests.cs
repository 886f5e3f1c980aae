using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Blobs;

public class ContentPromisesTests
{
    private static readonly Digest Blob = Samples.Digest("blob");

    private readonly ContentPromises _leases = new();

    [Fact]
    public async Task What_was_found_is_promised_and_what_was_not_is_not()
    {
        Assert.Equal(4, await AskAsync(() => Found(4), Blob));
        Assert.True(_leases.IsPromised(Blob));
        Assert.Null(await AskAsync(() => Found(null), Samples.Digest("other")));
        Assert.False(_leases.IsPromised(Samples.Digest("other")));
    }

    [Fact]
    public async Task Taken_promises_are_handed_over_once_and_can_be_put_back()
    {
        await AskAsync(() => Found(4), Blob);
        await AskAsync(() => Found(4), Blob);
        var taken = _leases.Take();
        Assert.Equal([Blob], taken);
        Assert.False(_leases.IsPromised(Blob));
        Assert.Empty(_leases.Take());
        _leases.Restore(taken);
        Assert.True(_leases.IsPromised(Blob));
    }

    [Fact]
    public async Task An_answer_begun_before_an_expiry_is_asked_again_after_it()
    {
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource<long?>();
        var finish = new TaskCompletionSource();
        var calls = 0;
        var finding = AskAsync(
            () =>
            {
                asked.TrySetResult();
                return Interlocked.Increment(ref calls) == 1 ? answer.Task : Found(null);
            },
            Blob);
        await asked.Task;
        var expiring = _leases.ExpireAsync(async () =>
        {
            await finish.Task;
            return 1;
        });
        answer.SetResult(4);
        Assert.False(finding.IsCompleted);
        Assert.Equal(1, calls);
        finish.SetResult();
        Assert.Equal(1, await expiring);
        Assert.Null(await finding);
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task A_question_during_an_expiry_waits_for_its_end()
    {
        var finish = new TaskCompletionSource();
        var calls = 0;
        var expiring = _leases.ExpireAsync(async () =>
        {
            await finish.Task;
            return 0;
        });
        var finding = AskAsync(
            () =>
            {
                Interlocked.Increment(ref calls);
                return Found(4);
            },
            Blob);
        Assert.Equal(0, Volatile.Read(ref calls));
        finish.SetResult();
        await expiring;
        Assert.Equal(4, await finding);
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task An_expiry_that_fails_lets_the_questions_go_on()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => _leases.ExpireAsync<int>(() => throw new InvalidOperationException()));
        Assert.Equal(4, await AskAsync(() => Found(4), Blob));
    }

    [Fact]
    public async Task Whatever_was_answered_is_promised_when_the_next_expiry_asks()
    {
        // A model of links in memory: an expiry removes what is not promised; a promise that was taken counts as renewed.
        var links = Enumerable.Range(0, 16).Select(i => Samples.Digest($"{i}")).ToArray();
        var present = new bool[links.Length];
        var promisedAt = new int[links.Length];
        var cycle = 0;
        var removed = 0;
        var kept = 0;
        using var stop = new CancellationTokenSource();
        var expiry = Task.Run(async () =>
        {
            // On a busy machine, the clients may not have run by then.
            using var patience = new CancellationTokenSource(Patience.Limit);
            for (var i = 0; i < 1500 || removed == 0 || kept == 0; i++)
            {
                patience.Token.ThrowIfCancellationRequested();
                var taken = _leases.Take().ToHashSet();
                await _leases.ExpireAsync(async () =>
                {
                    await Task.Yield();
                    for (var link = 0; link < links.Length; link++)
                    {
                        if (!taken.Contains(links[link]) && !_leases.IsPromised(links[link]))
                        {
                            Assert.NotEqual(Volatile.Read(ref cycle) + 1, Volatile.Read(ref promisedAt[link]));
                            removed += present[link] ? 1 : 0;
                            Volatile.Write(ref present[link], false);
                        }
                        else
                        {
                            kept++;
                        }
                    }

                    Interlocked.Increment(ref cycle);
                    return 0;
                });
            }

            await stop.CancelAsync();
        });
        var clients = Enumerable.Range(0, 4).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            while (!stop.IsCancellationRequested)
            {
                var link = random.Next(links.Length);
                var before = Volatile.Read(ref cycle);
                var size = await AskAsync(async () =>
                {
                    await Task.Yield();
                    return Volatile.Read(ref present[link]) ? 1 : null;
                }, links[link]);
                if (size is null)
                {
                    Volatile.Write(ref present[link], true);
                }
                else if (Volatile.Read(ref cycle) == before)
                {
                    // No expiry has ended since the question: the next to end must leave this one.
                    Volatile.Write(ref promisedAt[link], before + 1);
                }
            }
        })).ToList();
        await expiry;
        await Task.WhenAll(clients);
        Assert.True(removed > 0 && kept > 0, $"{removed} links were removed and {kept} kept: that shows nothing");
    }

    private Task<long?> AskAsync(Func<Task<long?>> find, Digest digest) =>
        _leases.FindAndPromiseAsync(find, ask => ask(), digest).AsTask();

    private static Task<long?> Found(long? size) => Task.FromResult(size);
}
