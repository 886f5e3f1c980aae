namespace Registry.Torture.Sieges;

/// <summary>Reads the memory of a registry once a second, and keeps what was read when it was largest.</summary>
/// <param name="registry">The registry.</param>
internal sealed class MemorySampler(AttackedRegistry registry)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private MemorySample? _first;
    private MemorySample? _last;

    /// <summary>The largest sample; null before the first.</summary>
    public MemorySample? Largest { get; private set; }

    /// <summary>Collections between the first sample and the last: their pauses, and the number of those of the whole heap.</summary>
    public (TimeSpan Paused, long Full) Collections => _first is not null && _last is not null
        ? (_last.Paused - _first.Paused, _last.FullCollections - _first.FullCollections)
        : default;

    /// <summary>Samples until the token is cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var sample = await MemorySample.ReadAsync(registry, stop);
                _first ??= sample;
                _last = sample;
                Largest = Largest is null || sample.Resident > Largest.Resident ? sample : Largest;
                await Task.Delay(Interval, stop);
            }
            catch (OperationCanceledException)
            {
                // The end, or an answer that took too long.
            }
            catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException)
            {
                // The registry ends, or takes no further connection.
                await Task.Delay(Interval, CancellationToken.None);
            }
        }
    }
}
