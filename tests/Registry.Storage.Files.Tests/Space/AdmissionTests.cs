using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Storage;
using Registry.Storage.Files.Space;

namespace Registry.Storage.Files.Tests.Space;

public sealed class AdmissionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly StorageThreads _threads = new("test admission", 1);
    private readonly ManualResetEventSlim _diskAnswers = new();

    public void Dispose()
    {
        _diskAnswers.Set();
        _threads.Dispose();
        _diskAnswers.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_disk_is_asked_on_a_storage_thread_and_only_when_the_last_answer_is_old()
    {
        var admission = Create(reserve: 0);
        var busy = _threads.RunAsync(_diskAnswers.Wait);

        var first = admission.EnsureRoomAsync().AsTask();
        Assert.False(first.IsCompleted);
        _diskAnswers.Set();
        await first;
        await busy;

        _diskAnswers.Reset();
        busy = _threads.RunAsync(_diskAnswers.Wait);
        Assert.True(admission.EnsureRoomAsync().AsTask().IsCompletedSuccessfully);
        _time.Advance(DiskReserve.Freshness);
        var again = admission.EnsureRoomAsync().AsTask();
        Assert.False(again.IsCompleted);
        _diskAnswers.Set();
        await again;
        await busy;
    }

    [Fact]
    public async Task A_reserve_that_is_reached_refuses_from_the_first_answer_on()
    {
        var admission = Create(reserve: long.MaxValue);

        var asked = await Assert.ThrowsAsync<StorageException>(async () => await admission.EnsureRoomAsync());
        var remembered = await Assert.ThrowsAsync<StorageException>(async () => await admission.EnsureRoomAsync());

        Assert.True(asked.IsFull);
        Assert.Equal(asked.Message, remembered.Message);
        await admission.EnsureOpenAsync();
    }

    [Fact]
    public async Task Room_for_deletes_is_asked_for_on_a_storage_thread()
    {
        var ballast = new StorageBallast(Path.Combine(_folder.Path, "ballast"));
        var admission = Create(reserve: 0, ballast);
        var busy = _threads.RunAsync(_diskAnswers.Wait);

        var first = admission.EnsureOpenAsync().AsTask();
        Assert.False(ballast.IsHeld);
        _diskAnswers.Set();
        await first;
        await busy;

        Assert.True(ballast.IsHeld);
        Assert.True(admission.EnsureOpenAsync().AsTask().IsCompletedSuccessfully);
    }

    private Admission Create(long reserve, StorageBallast? ballast = null) => new(
        _threads,
        new StorageHealth(NullLogger<StorageHealth>.Instance, ballast),
        new DiskReserve(_folder.Path, reserve, _time));
}
