public import PetrelCore

/// What can be wrong when a store is opened.
public enum StoreErrorCode: String, ProblemCode {
    /// The data folder can't be made or written.
    case unwritableFolder = "petrel.store.unwritable_folder"
    /// The database was written by a newer Petrel.
    case newerSchema = "petrel.store.newer_schema"
    /// The database file is damaged.
    case damaged = "petrel.store.damaged"
    /// The database can't be opened for another reason.
    case unusable = "petrel.store.unusable"
}

/// The error type of PetrelStore; after opening, the ports' methods throw ``CoreError``.
public typealias StoreError = Problem<StoreErrorCode>
