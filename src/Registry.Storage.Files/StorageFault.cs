using System.Data.Common;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files;

/// <summary>Finds the causes of faults of the storage.</summary>
public static class StorageFault
{
    private static readonly FaultCause Full = new(
        "the disk is full", "Pushes are refused, pulls and deletes work. Make room on the disk, or delete images; pushes then work again");

    /// <summary>Finds the cause of a fault.</summary>
    /// <returns>Null for an unknown cause, for which a stack trace is worth its lines.</returns>
    public static FaultCause? CauseOf(Exception fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        var inner = (fault as StorageException)?.InnerException;
        return fault switch
        {
            StorageException { IsFull: true } => Full,
            StorageException { IsTransient: true } => new(fault.Message.TrimEnd('.'), "The registry tries again; check the service that the message names"),
            StorageException when inner is null => new(fault.Message.TrimEnd('.'), "Check the disk of the data folder, and the lines of the log before this one"),
            _ when (inner ?? fault) is DbException => new(fault.Message.TrimEnd('.'), "Check the disk, and the owner and mode of registry.db"),
            _ => IoFault.Cause(inner ?? fault),
        };
    }
}
