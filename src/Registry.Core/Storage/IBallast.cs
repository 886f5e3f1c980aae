namespace Registry.Core.Storage;

/// <summary>Space that is reserved for deletes, since even a removal needs some on a full disk.</summary>
public interface IBallast
{
    /// <summary>True while the space is reserved.</summary>
    bool IsHeld { get; }

    /// <summary>Reserves the space, unless it is reserved already or the disk has too little. May wait for the disk.</summary>
    /// <returns>True if it is reserved.</returns>
    bool TryHold();

    /// <summary>Releases the space.</summary>
    /// <returns>True if this has freed space.</returns>
    bool Release();
}
