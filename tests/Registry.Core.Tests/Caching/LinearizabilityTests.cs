using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Caching;

/// <summary>Concurrent operations on one tag and on one link, through the cache: some sequence of them explains every answer.</summary>
public sealed class LinearizabilityTests : IAsyncDisposable
{
    private const int Clients = 64;
    private const int OperationsEach = 60;
    private const int Toggles = 100;

    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Digest Blob = Samples.Digest("blob");

    private readonly CachedEngine _engine = new();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_tag_that_many_set_and_many_read_is_one_register(int seed)
    {
        var tag = Tag.Parse("latest");
        var history = new RegisterHistory<string>(string.Empty);
        await RunAsync(seed, async (client, i, random) =>
        {
            if (random.Next(4) > 0)
            {
                await history.ReadAsync(async () => (await _engine.Metadata.FindManifestAsync(A, tag))?.Digest.Value ?? string.Empty);
                return;
            }

            var manifest = Samples.Index([], Samples.Child(Samples.Text($"{seed} {client} {i}")));
            await history.WriteAsync(
                Samples.Digest(manifest).Value, async () => Assert.Null((await _engine.Metadata.PutManifestAsync(Samples.Put(A, manifest, "latest"))).Error));
        });
        AssertIsRegister(history);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_link_that_many_set_and_many_read_is_one_register(int seed)
    {
        // The size stands for the value: each link brings another.
        var history = new RegisterHistory<long>(0);
        await RunAsync(seed, async (client, i, random) =>
        {
            if (random.Next(4) > 0)
            {
                await history.ReadAsync(async () => await _engine.Metadata.FindSizeAsync(A, Blob) ?? 0);
                return;
            }

            var size = 1 + (client * OperationsEach) + i;
            await history.WriteAsync(size, () => _engine.Metadata.LinkBlobAsync(A, Blob, size));
        });
        AssertIsRegister(history);
    }

    [Fact]
    public async Task No_later_reader_sees_a_link_that_is_gone()
    {
        // One links and unlinks; the others know in which state it was when they began to ask and when they were answered.
        var begun = 0;
        var ended = 0;
        var looks = new int[1 + (2 * Toggles)];
        using var over = new CancellationTokenSource();
        var readers = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                var first = Volatile.Read(ref ended);
                var isSeen = await _engine.Metadata.FindBlobAsync(A, Blob) is not null;
                var last = Volatile.Read(ref begun);
                if (first == last)
                {
                    // No change was under way: after an odd number of them the link is there.
                    Assert.Equal(last % 2 == 1, isSeen);
                    Interlocked.Increment(ref looks[last]);
                }

                // Answers from memory never wait; the writer must get a thread, too.
                await Task.Yield();
            }
        })).ToList();
        for (var i = 0; i < Toggles; i++)
        {
            Volatile.Write(ref begun, begun + 1);
            await _engine.Metadata.LinkBlobAsync(A, Blob, 4);
            await EndAsync();
            Volatile.Write(ref begun, begun + 1);
            Assert.Null((await _engine.Metadata.UnlinkBlobAsync(A, Blob)).Error);
            await EndAsync();
        }

        await over.CancelAsync();
        await Task.WhenAll(readers);

        // Each state lasts until a reader has seen it, or has seen something else.
        async Task EndAsync()
        {
            Volatile.Write(ref ended, ended + 1);
            await Eventually.TrueAsync(() => Volatile.Read(ref looks[ended]) > 0 || readers.Any(reader => reader.IsFaulted));
        }
    }

    [Fact]
    public void The_checker_accepts_what_one_after_the_other_could_have_seen()
    {
        var history = new RegisterHistory<string>("a");
        history.Add("b", isWrite: true, 1, 10);
        history.Add("a", isWrite: false, 2, 3);
        history.Add("b", isWrite: false, 4, 5);
        history.Add("c", isWrite: true, 6, 20);
        history.Add("c", isWrite: false, 12, 13);
        Assert.Null(history.FindViolation());
    }

    [Fact]
    public void The_checker_notices_a_reader_who_sees_the_past_after_another_has_seen_the_change()
    {
        var history = new RegisterHistory<string>("a");
        history.Add("b", isWrite: true, 1, 10);
        history.Add("b", isWrite: false, 2, 3);
        history.Add("a", isWrite: false, 4, 5);
        Assert.NotNull(history.FindViolation());
    }

    [Fact]
    public void The_checker_notices_a_value_that_was_never_written()
    {
        var history = new RegisterHistory<string>("a");
        history.Add("b", isWrite: false, 1, 2);
        Assert.Equal("b was read and never written", history.FindViolation());
    }

    [Fact]
    public void The_checker_notices_a_value_that_was_read_before_it_was_written()
    {
        var history = new RegisterHistory<string>("a");
        history.Add("b", isWrite: false, 1, 2);
        history.Add("b", isWrite: true, 3, 4);
        Assert.Equal("b was read before it was written", history.FindViolation());
    }

    [Fact]
    public void The_checker_notices_a_write_that_left_no_trace_between_two_reads_of_what_was_before()
    {
        var history = new RegisterHistory<string>("a");
        history.Add("a", isWrite: false, 1, 2);
        history.Add("b", isWrite: true, 3, 4);
        history.Add("a", isWrite: false, 5, 6);
        Assert.Equal("b came and went while a was there", history.FindViolation());
    }

    [Fact]
    public void The_checker_notices_a_stale_answer_after_the_change_was_answered()
    {
        var history = new RegisterHistory<string>("a");
        history.Add("b", isWrite: true, 1, 2);
        history.Add("a", isWrite: false, 3, 4);
        Assert.NotNull(history.FindViolation());
    }

    // A register that always answers the first value would be one, too: reads must have seen writes.
    private static void AssertIsRegister<T>(RegisterHistory<T> history)
        where T : notnull
    {
        Assert.Equal(1 + (Clients * OperationsEach), history.Count);
        Assert.InRange(history.ValuesRead, 10, history.Count);
        Assert.Null(history.FindViolation());
    }

    private static Task RunAsync(int seed, Func<int, int, Random, Task> operation) =>
        Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random((seed * 1000) + client);
            for (var i = 0; i < OperationsEach; i++)
            {
                await operation(client, i, random);
            }
        })));
}
