namespace Registry.Core.Changes;

/// <summary>Way in which a change was made. The numbers are stored.</summary>
public enum ChangeSource
{
    /// <summary>A version that did not record it.</summary>
    Unknown = 0,

    /// <summary>A request to the API.</summary>
    Request = 1,

    /// <summary>A command on a stopped registry, such as an import or a copy.</summary>
    Command = 2,

    /// <summary>The registry itself: content that nothing needs has expired.</summary>
    Collector = 3,

    /// <summary>
    /// A restore from a backup, which repeats for the tree what the metadata has. Nothing has changed by it; it is no part of a history.
    /// </summary>
    Restore = 4,

    /// <summary>The mirror: content that an upstream has, or has no more. The actor is the name of the upstream.</summary>
    Mirror = 5,

    /// <summary>A retention: no rule about what is kept keeps it. The actor is the user who has run it; none if the registry did so by itself.</summary>
    Retention = 6,
}
