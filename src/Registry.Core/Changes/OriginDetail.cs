namespace Registry.Core.Changes;

/// <summary>Part of a <see cref="ChangeOrigin"/> that a reader of the history may see.</summary>
public enum OriginDetail
{
    /// <summary>The way in which the change was made, and the user.</summary>
    Actor,

    /// <summary>All of it: address, program and id of the request, too.</summary>
    Full,
}
