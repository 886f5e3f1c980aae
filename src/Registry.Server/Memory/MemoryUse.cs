using Registry.Server.Transport.Buffers;

namespace Registry.Server.Memory;

/// <summary>Memory that the process uses, in bytes.</summary>
/// <param name="Resident">Resident memory.</param>
/// <param name="Heap">Objects in the heap, and garbage that is not collected yet.</param>
/// <param name="Blocks">Blocks of the connections.</param>
/// <param name="Sockets">Memory of sockets that counts against the limit of the control group.</param>
internal readonly record struct MemoryUse(long Resident, long Heap, long Blocks, long Sockets = 0)
{
    /// <summary>Everything that counts against the limit of the control group.</summary>
    public long WithSockets => Resident + Sockets;

    /// <summary>Reads the use of this process.</summary>
    public static MemoryUse OfProcess(BlockPool pool) =>
        new(ResidentMemory.Read(), GC.GetTotalMemory(forceFullCollection: false), pool.Bytes, SocketMemory.Read());
}
