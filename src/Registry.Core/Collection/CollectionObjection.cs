namespace Registry.Core.Collection;

/// <summary>Reason why an operator must confirm a collection.</summary>
public enum CollectionObjection
{
    /// <summary>None: the collection may run.</summary>
    None,

    /// <summary>More than half of the content would go (<see cref="Plausibility"/>).</summary>
    TooMuch,

    /// <summary>The metadata does not know more than half of the stored blobs.</summary>
    TooManyUnknown,
}
