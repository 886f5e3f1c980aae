using Registry.Testing.Connections;

namespace Registry.Torture.Attacks;

/// <summary>Reads an answer so slowly that it barely stays within the pace that the registry asks for.</summary>
internal static class SlowRead
{
    /// <summary>Receive buffer of a slow reader, in bytes.</summary>
    public const int Buffer = 4096;

    private const int BytesPerStep = 2048;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    /// <summary>Reads until the registry closes the connection.</summary>
    /// <exception cref="EndOfStreamException">The registry has closed it.</exception>
    public static async Task RunAsync(RawConnection connection, CancellationToken stop)
    {
        var buffer = new byte[BytesPerStep];
        while (true)
        {
            await connection.Stream.ReadExactlyAsync(buffer, stop);
            await Task.Delay(Step, stop);
        }
    }
}
