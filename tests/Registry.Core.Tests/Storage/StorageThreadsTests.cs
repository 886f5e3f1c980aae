using System.Net;
using Microsoft.Extensions.Logging;
using Registry.Core.Fairness;
using Registry.Core.Storage;

namespace Registry.Core.Tests.Storage;

public sealed class StorageThreadsTests : IDisposable
{
    private const int Enospc = 28;

    private readonly StorageThreads _threads = new("test", 3);

    [Fact]
    public async Task Work_runs_on_a_named_thread_outside_the_pool()
    {
        var (name, isPool) = await _threads.RunAsync(() => (Thread.CurrentThread.Name, Thread.CurrentThread.IsThreadPoolThread));
        Assert.StartsWith("test ", name, StringComparison.Ordinal);
        Assert.False(isPool);
    }

    [Fact]
    public async Task What_goes_on_afterwards_does_not_run_on_the_storages_threads()
    {
        var after = await _threads.RunAsync(() => { }).ContinueWith(
            _ => Thread.CurrentThread.Name ?? "", CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Assert.False(after.StartsWith("test ", StringComparison.Ordinal), after);
    }

    [Fact]
    public async Task An_IO_error_becomes_one_of_the_storage_with_its_cause()
    {
        var cause = new IOException("the cable is out");
        var thrown = await Assert.ThrowsAsync<StorageException>(() => _threads.RunAsync(() => throw cause));
        Assert.Same(cause, thrown.InnerException);
        Assert.Equal("the cable is out", thrown.Message);
        Assert.False(thrown.IsFull);
        await Assert.ThrowsAsync<StorageException>(() => _threads.RunAsync(() => throw new UnauthorizedAccessException()));
        await Assert.ThrowsAsync<StorageException>(() => _threads.RunAsync(() => throw new FileNotFoundException()));
    }

    [Fact]
    public async Task Any_other_error_is_passed_on_as_it_is()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => _threads.RunAsync(() => throw new InvalidOperationException()));
        var own = new StorageException("own", isFull: true);
        Assert.Same(own, await Assert.ThrowsAsync<StorageException>(() => _threads.RunAsync(() => throw own)));
    }

    [Fact]
    public async Task A_full_disk_is_told_from_other_errors()
    {
        const string Full = "/dev/full";
        Assert.SkipUnless(File.Exists(Full), "There is no device that is always full.");
        var thrown = await Assert.ThrowsAsync<StorageException>(() => _threads.RunAsync(() =>
        {
            using var handle = File.OpenHandle(Full, FileMode.Open, FileAccess.Write);
            RandomAccess.Write(handle, "x"u8, 0);
        }));
        Assert.True(thrown.IsFull);
        Assert.True(new StorageException("outer", thrown).IsFull);
        Assert.True(new StorageException("renamed", new IOException("no space", Enospc)).IsFull);
        Assert.False(new StorageException("other", new IOException("bad", 5)).IsFull);
        Assert.False(new StorageException("other", new InvalidOperationException()).IsFull);
    }

    [Fact]
    public async Task Any_amount_of_work_is_all_done()
    {
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, 20_000).Select(_ => _threads.RunAsync(() => Interlocked.Increment(ref done))));
        Assert.Equal(20_000, done);
    }

    [Fact]
    public async Task The_networks_of_callers_take_turns()
    {
        using var threads = new StorageThreads("turns", 1);
        using var gate = new ManualResetEventSlim();
        var order = new List<string>();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gated = threads.RunAsync(() =>
        {
            begun.SetResult();
            gate.Wait();
        });
        await begun.Task;
        var work = new List<Task>();
        foreach (var name in new[] { "a1", "a2", "a3", "own 1", "b1", "b2" })
        {
            work.Add(AddAsync(name));
        }

        Assert.Equal(3, threads.CountWaiting(Network("a")));
        Assert.Equal(1, threads.CountWaiting(ClientNetwork.Unknown));
        gate.Set();
        await gated;
        await Task.WhenAll(work);

        Assert.Equal(["a1", "own 1", "b1", "a2", "b2", "a3"], order);
        Assert.Equal(ClientNetwork.Unknown, CurrentCaller.Network);

        async Task AddAsync(string name)
        {
            if (!name.StartsWith("own", StringComparison.Ordinal))
            {
                CurrentCaller.Network = Network(name[..1]);
            }

            await threads.RunAsync(() => order.Add(name));
        }

        static ClientNetwork Network(string name) => ClientNetwork.Of(IPAddress.Parse(name == "a" ? "192.0.2.1" : "192.0.2.2"));
    }

    [Fact]
    public async Task Work_that_is_cancelled_in_the_queue_is_not_done_and_work_that_has_begun_is_finished()
    {
        using var threads = new StorageThreads("cancelled", 1);
        using var gate = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        var done = new List<string>();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = threads.RunCancellableAsync(
            () =>
            {
                begun.SetResult();
                gate.Wait();
                done.Add("first");
            },
            cancel.Token);
        await begun.Task;
        var queued = threads.RunCancellableAsync(() => done.Add("queued"), cancel.Token);
        await cancel.CancelAsync();
        gate.Set();
        await first;
        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        Assert.Equal(["first"], done);
    }

    [Fact]
    public async Task Closing_finishes_what_is_queued()
    {
        var threads = new StorageThreads("closing", 1);
        using var gate = new ManualResetEventSlim();
        var first = threads.RunAsync(gate.Wait);
        var queued = Enumerable.Range(0, 10).Select(i => threads.RunAsync(() => i)).ToList();
        var closing = Task.Run(threads.Dispose);
        gate.Set();
        await closing;
        await first;
        Assert.Equal(Enumerable.Range(0, 10), await Task.WhenAll(queued));
        threads.Dispose();
    }

    [Fact]
    public void The_first_failure_stops_writing_for_good_and_is_logged_once()
    {
        using var log = new RecordedLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        var health = new StorageHealth(loggers.CreateLogger<StorageHealth>());
        Assert.Null(health.Failure);
        health.ThrowIfFailed();
        health.Fail("fsync failed");
        health.Fail("and again");
        Assert.Equal("fsync failed", health.Failure);
        Assert.Contains("fsync failed", Assert.Throws<StorageException>(health.ThrowIfFailed).Message, StringComparison.Ordinal);
        var (level, message, _) = Assert.Single(log.Entries);
        Assert.Equal(LogLevel.Critical, level);
        Assert.Contains("fsync failed", message, StringComparison.Ordinal);
    }

    public void Dispose() => _threads.Dispose();
}
