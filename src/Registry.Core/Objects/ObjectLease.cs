namespace Registry.Core.Objects;

/// <summary>Right of a process to change the objects of an upload. The next process that takes the upload ends it.</summary>
/// <param name="Upload">The upload.</param>
/// <param name="Generation">Number of the processes that have had it, the present one included.</param>
public readonly record struct ObjectLease(Guid Upload, long Generation);
