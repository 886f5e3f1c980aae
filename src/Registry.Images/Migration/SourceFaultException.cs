using Registry.Core.Storage;

namespace Registry.Images.Migration;

/// <summary>Thrown when the storage that a registry is moved from fails; a fault of the other one is a <see cref="StorageException"/>.</summary>
public sealed class SourceFaultException : Exception
{
    private SourceFaultException(StorageException fault)
        : base(fault.Message, fault) => Fault = fault;

    /// <summary>The fault.</summary>
    public StorageException Fault { get; }

    /// <summary>Uses the source.</summary>
    /// <exception cref="SourceFaultException">The source fails.</exception>
    public static Task GuardAsync(Func<Task> use) => GuardAsync(async () =>
    {
        await use();
        return true;
    });

    /// <inheritdoc cref="GuardAsync(Func{Task})"/>
    public static async Task<T> GuardAsync<T>(Func<Task<T>> use)
    {
        try
        {
            return await use();
        }
        catch (StorageException e)
        {
            throw new SourceFaultException(e);
        }
    }
}
